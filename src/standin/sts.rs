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
    gate: Arc<Mutex<Gate>>,
}

/// Who gets in.
#[derive(Debug)]
struct Gate {
    /// Roles by ARN.
    roles: BTreeMap<String, Trust>,
    /// What AssumeRole answers in place of a decision, after so many more calls.
    fault: Option<(usize, Fault)>,
}

/// What a role's trust policy asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// This external id.
    ExternalId(String),
    /// Some external id, whichever.
    AnyExternalId,
    /// Nothing: whoever names the role gets in.
    Anybody,
}

/// What says nothing about a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An error of STS: status and code. Without a code the answer has no body.
    Error(u16, &'static str),
    /// The connection ends without an answer.
    Cut,
    /// No answer comes.
    Silence,
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
        let gate = Arc::new(Mutex::new(Gate {
            roles: roles.into_iter().collect(),
            fault: None,
        }));
        let aws = aws.to_owned();
        let known = gate.clone();
        let answer = move |request: Request<Bytes>| {
            let (gate, aws) = (known.clone(), aws.clone());
            async move {
                let decision = locked(&gate).decide(request.body());
                match decision {
                    Decision::Pass => forward(request, &aws).await.map_err(|_| Cut),
                    Decision::Deny => Ok(error(403, "AccessDenied")),
                    Decision::Fail(Fault::Error(status, code)) => Ok(error(status, code)),
                    Decision::Fail(Fault::Cut) => Err(Cut),
                    Decision::Fail(Fault::Silence) => std::future::pending().await,
                }
            }
        };
        Ok(Self {
            server: wire::serve(listener, url, answer),
            gate,
        })
    }

    /// Makes a role, or changes whom it trusts.
    pub fn trust(&self, role: &str, trust: Trust) {
        locked(&self.gate).roles.insert(role.to_owned(), trust);
    }

    /// From here on, after so many more calls, AssumeRole fails like this.
    pub fn fail_after(&self, calls: usize, fault: Fault) {
        locked(&self.gate).fault = Some((calls, fault));
    }

    /// AssumeRole works again.
    pub fn recover(&self) {
        locked(&self.gate).fault = None;
    }

    /// Where it answers: `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL_STS`.
    pub fn url(&self) -> &str {
        &self.server.url
    }
}

fn locked(gate: &Mutex<Gate>) -> MutexGuard<'_, Gate> {
    // A test that panicked elsewhere is reported there.
    gate.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What becomes of a call.
enum Decision {
    Pass,
    Deny,
    Fail(Fault),
}

impl Gate {
    /// Whether a call is none of AssumeRole, or knows what the role asks for.
    fn decide(&mut self, body: &[u8]) -> Decision {
        let fields: BTreeMap<_, _> = url::form_urlencoded::parse(body).into_owned().collect();
        if fields
            .get("Action")
            .is_none_or(|action| action != "AssumeRole")
        {
            return Decision::Pass;
        }
        match &mut self.fault {
            Some((0, fault)) => return Decision::Fail(*fault),
            Some((calls, _)) => *calls -= 1,
            None => {}
        }
        let external_id = fields.get("ExternalId");
        let trust = fields.get("RoleArn").and_then(|arn| self.roles.get(arn));
        let admitted = trust.is_some_and(|trust| match trust {
            Trust::ExternalId(wanted) => external_id == Some(wanted),
            Trust::AnyExternalId => external_id.is_some(),
            Trust::Anybody => true,
        });
        match admitted {
            true => Decision::Pass,
            false => Decision::Deny,
        }
    }
}

async fn forward(request: Request<Bytes>, aws: &str) -> Result<Response<Bytes>> {
    let (mut head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = format!("{aws}{path}").parse()?;
    head.headers.remove(header::HOST);
    wire::send(Request::from_parts(head, body)).await
}

/// An error as STS words it; without a code, an answer without a body.
fn error(status: u16, code: &str) -> Response<Bytes> {
    let body = match code {
        "" => String::new(),
        code => format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>User is not authorized to perform: sts:AssumeRole</Message></Error>\
             <RequestId>1</RequestId></ErrorResponse>"
        ),
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        http::HeaderValue::from_static("text/xml"),
    );
    response
}
