//! A small, strict STS in front of moto's: a role lets in only who knows its external id, as AWS holds it and moto
//! does not.

use super::wire::{self, Cut, Server};
use anyhow::Result;
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A running stand-in for STS. It stops when dropped.
#[derive(Debug)]
pub struct Sts {
    server: Server,
    roles: Roles,
}

/// Roles by ARN.
type Roles = Arc<Mutex<BTreeMap<String, Trust>>>;

/// What a role's trust policy asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// This external id.
    ExternalId(String),
    /// Nothing: whoever names the role gets in.
    Anybody,
}

impl Sts {
    /// Starts on a free port of 127.0.0.1, with these roles by ARN; what it lets through, `aws` answers.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(
        aws: &str,
        roles: impl IntoIterator<Item = (String, Trust)>,
    ) -> Result<Self> {
        let (listener, url) = wire::listen().await?;
        let roles: Roles = Arc::new(Mutex::new(roles.into_iter().collect()));
        let aws = aws.to_owned();
        let known = roles.clone();
        let answer = move |request: Request<Bytes>| {
            let (roles, aws) = (known.clone(), aws.clone());
            async move {
                let lets_in = lets_in(&locked(&roles), request.body());
                match lets_in {
                    true => forward(request, &aws).await.map_err(|_| Cut),
                    false => Ok(denied()),
                }
            }
        };
        Ok(Self {
            server: wire::serve(listener, url, answer),
            roles,
        })
    }

    /// Makes a role, or changes whom it trusts.
    pub fn trust(&self, role: &str, trust: Trust) {
        locked(&self.roles).insert(role.to_owned(), trust);
    }

    /// Where it answers: `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL_STS`.
    pub fn url(&self) -> &str {
        &self.server.url
    }
}

fn locked(roles: &Roles) -> MutexGuard<'_, BTreeMap<String, Trust>> {
    // A test that panicked elsewhere is reported there.
    roles.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a call is none of AssumeRole, or knows what the role asks for.
fn lets_in(roles: &BTreeMap<String, Trust>, body: &[u8]) -> bool {
    let said: BTreeMap<_, _> = url::form_urlencoded::parse(body).into_owned().collect();
    if said
        .get("Action")
        .is_none_or(|action| action != "AssumeRole")
    {
        return true;
    }
    match said.get("RoleArn").and_then(|arn| roles.get(arn)) {
        Some(Trust::ExternalId(wanted)) => said.get("ExternalId") == Some(wanted),
        Some(Trust::Anybody) => true,
        None => false,
    }
}

async fn forward(request: Request<Bytes>, aws: &str) -> Result<Response<Bytes>> {
    let (mut head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = format!("{aws}{path}").parse()?;
    head.headers.remove(header::HOST);
    wire::send(Request::from_parts(head, body)).await
}

/// As STS words it.
fn denied() -> Response<Bytes> {
    const BODY: &str = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
        <Code>AccessDenied</Code><Message>User is not authorized to perform: sts:AssumeRole</Message></Error>\
        <RequestId>1</RequestId></ErrorResponse>";
    let mut response = Response::new(Bytes::from_static(BODY.as_bytes()));
    *response.status_mut() = StatusCode::FORBIDDEN;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        http::HeaderValue::from_static("text/xml"),
    );
    response
}
