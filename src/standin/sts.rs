//! Simulates STS in front of moto's, small and strict: AWS enforces a role's external id, moto does not.

use super::wire::{self, ConnectionCut, Server};
use anyhow::Result;
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A running simulation of STS, which stops when it is dropped.
#[derive(Debug)]
pub struct Sts {
    server: Server,
    gate: Arc<Mutex<Gate>>,
}

/// The roles, and the fault to come.
#[derive(Debug)]
struct Gate {
    /// The roles by ARN.
    roles: BTreeMap<String, Trust>,
    /// The fault with which AssumeRole answers after a number of calls.
    fault: Option<(usize, Fault)>,
    sessions: Vec<AssumedSession>,
}

/// A session that AssumeRole began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumedSession {
    /// The id of its key.
    pub access_key: String,
    /// Its inline session policy.
    pub policy: Option<String>,
    /// The first managed policy that narrows it.
    pub policy_arn: Option<String>,
}

/// What a role's trust policy requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// This external id.
    ExternalId(String),
    /// Any external id.
    AnyExternalId,
    /// Nothing: whoever names the role may assume it.
    Anybody,
}

/// A fault, which says nothing about a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An error of STS: status and code. Without a code the answer has no body.
    Error(u16, &'static str),
    /// Closes the connection without an answer.
    ConnectionCut,
    /// Never answers.
    Silence,
}

impl Sts {
    /// Starts on a free port of 127.0.0.1, with these roles by ARN; admitted calls are answered by `aws`.
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
            sessions: Vec::new(),
        }));
        let aws = aws.to_owned();
        let known = gate.clone();
        let answer = move |request: Request<Bytes>| {
            let (gate, aws) = (known.clone(), aws.clone());
            async move {
                let decision = locked(&gate).decide(request.body());
                match decision {
                    Decision::Pass => {
                        let body = request.body().clone();
                        let answer = forward(request, &aws).await.map_err(|_| ConnectionCut)?;
                        locked(&gate).note(&body, answer.body());
                        Ok(answer)
                    }
                    Decision::Deny => Ok(error(403, "AccessDenied")),
                    Decision::Fail(Fault::Error(status, code)) => Ok(error(status, code)),
                    Decision::Fail(Fault::ConnectionCut) => Err(ConnectionCut),
                    Decision::Fail(Fault::Silence) => std::future::pending().await,
                }
            }
        };
        Ok(Self {
            server: wire::serve(listener, url, answer),
            gate,
        })
    }

    /// Creates a role, or changes its trust policy.
    pub fn trust(&self, role: &str, trust: Trust) {
        locked(&self.gate).roles.insert(role.to_owned(), trust);
    }

    /// Makes AssumeRole fail after a number of calls.
    pub fn fail_after(&self, calls: usize, fault: Fault) {
        locked(&self.gate).fault = Some((calls, fault));
    }

    /// Returns the sessions that AssumeRole began.
    pub fn sessions(&self) -> Vec<AssumedSession> {
        locked(&self.gate).sessions.clone()
    }

    /// Ends the fault.
    pub fn recover(&self) {
        locked(&self.gate).fault = None;
    }

    /// Returns the address: `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL_STS`.
    pub fn url(&self) -> &str {
        &self.server.url
    }
}

fn locked(gate: &Mutex<Gate>) -> MutexGuard<'_, Gate> {
    // A test that panicked elsewhere is reported there.
    gate.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The decision about a call.
enum Decision {
    Pass,
    Deny,
    Fail(Fault),
}

impl Gate {
    /// Notes the session that a call of AssumeRole began.
    fn note(&mut self, body: &[u8], answer: &[u8]) {
        let fields: BTreeMap<_, _> = url::form_urlencoded::parse(body).into_owned().collect();
        let answer = String::from_utf8_lossy(answer);
        let key = answer.split_once("<AccessKeyId>");
        let key = key.and_then(|(_, rest)| rest.split_once("</AccessKeyId>"));
        if let (Some("AssumeRole"), Some((key, _))) =
            (fields.get("Action").map(String::as_str), key)
        {
            self.sessions.push(AssumedSession {
                access_key: key.to_owned(),
                policy: fields.get("Policy").cloned(),
                policy_arn: fields.get("PolicyArns.member.1.arn").cloned(),
            });
        }
    }

    /// Decides whether a call is another one than AssumeRole, or satisfies the trust policy.
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
            Trust::ExternalId(expected) => external_id == Some(expected),
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

/// Formats an error as STS does; without a code, an answer without a body.
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
