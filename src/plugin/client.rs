//! Calls a provider: gRPC over HTTP/2 on a socket of its own, with a deadline and a bound for each answer.

use super::wire::{Diagnosed, Diagnostic, Method, Protocol};
use super::wire_size::is_answer_bounded;
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use std::path::Path;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::timeout;

/// The largest answer, in bytes.
pub const MAX_ANSWER: usize = 16 << 20;
/// The largest answer with all schemas, in bytes: those of hashicorp/aws have 5 MB.
pub const MAX_SCHEMAS: usize = 64 << 20;
/// What stands before a message: whether it is compressed, and its length.
const FRAME: usize = 5;
/// How many bytes may be under way at once.
const WINDOW: u32 = 4 << 20;
/// The severity of an error among diagnostics.
const ERROR: i32 = 1;

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The process is gone, or its connection is.
    #[error("the provider ended while it was asked")]
    Gone,
    /// No answer in time.
    #[error("the provider did not answer within {0} seconds")]
    Deadline(u64),
    /// An answer beyond the bound.
    #[error("the provider's answer is larger than {0} MiB")]
    TooLarge(usize),
    /// An answer that is no message of the protocol.
    #[error("the provider's answer is not one of the protocol's")]
    Malformed,
    /// A status other than success.
    #[error("the provider refused the call with status {status}")]
    Status {
        /// gRPC's number.
        status: String,
    },
    /// Errors among the diagnostics.
    #[error("{0}")]
    Provider(String),
}

/// A connection to a provider. Clones share it.
#[derive(Clone)]
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
    protocol: Protocol,
}

impl Client {
    /// Connects to a provider's socket, at which this user must listen, where the provider has one of its own.
    ///
    /// # Errors
    /// When nobody listens there, or another user does.
    pub async fn connect(
        socket: &Path,
        protocol: Protocol,
        user: Option<u32>,
    ) -> Result<Self, CallError> {
        let stream = UnixStream::connect(socket)
            .await
            .map_err(|_| CallError::Gone)?;
        let listener = stream.peer_cred().map_err(|_| CallError::Gone)?;
        if user.is_some_and(|user| listener.uid() != user) {
            return Err(CallError::Malformed);
        }
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|_| CallError::Gone)?;
        // Ends with the connection.
        tokio::spawn(connection);
        Ok(Self { sender, protocol })
    }

    /// Returns the version of the protocol that is spoken.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Calls a method.
    ///
    /// # Errors
    /// When there is no answer in time, it is too large or malformed, or the provider reports an error.
    pub async fn call<A: Message + Default + Diagnosed>(
        &self,
        method: Method,
        request: &impl Message,
        deadline: Duration,
    ) -> Result<A, CallError> {
        let most = match method {
            Method::Schema => MAX_SCHEMAS,
            _ => MAX_ANSWER,
        };
        let path = self.protocol.path(method);
        let exchange = self.exchange(&path, request, most);
        let answer = timeout(deadline, exchange).await;
        let bytes = answer.map_err(|_| CallError::Deadline(deadline.as_secs()))??;
        if !is_answer_bounded(&bytes) {
            return Err(CallError::Malformed);
        }
        let answer = A::decode(bytes).map_err(|_| CallError::Malformed)?;
        match errors(answer.diagnostics()) {
            None => Ok(answer),
            Some(message) => Err(CallError::Provider(message)),
        }
    }

    async fn exchange(
        &self,
        path: &str,
        request: &impl Message,
        most: usize,
    ) -> Result<Bytes, CallError> {
        let mut frame = BytesMut::with_capacity(FRAME + request.encoded_len());
        frame.put_u8(0);
        let length = u32::try_from(request.encoded_len());
        frame.put_u32(length.map_err(|_| CallError::TooLarge(most >> 20))?);
        request
            .encode(&mut frame)
            .map_err(|_| CallError::Malformed)?;
        let request = Request::post(format!("http://provider{path}"))
            .header(header::CONTENT_TYPE, "application/grpc")
            .header(header::TE, "trailers")
            .body(Full::new(frame.freeze()))
            .map_err(|_| CallError::Malformed)?;
        let mut sender = self.sender.clone();
        sender.ready().await.map_err(|_| CallError::Gone)?;
        let response = sender
            .send_request(request)
            .await
            .map_err(|_| CallError::Gone)?;
        check_status(response.headers())?;
        if response.status() != http::StatusCode::OK {
            return Err(CallError::Malformed);
        }
        let (body, trailers) = collect(response.into_body(), most).await?;
        check_status(&trailers)?;
        message(body)
    }
}

/// Reads an answer frame by frame, and stops at the bound.
async fn collect(mut body: Incoming, most: usize) -> Result<(Bytes, HeaderMap), CallError> {
    let (mut bytes, mut trailers) = (BytesMut::new(), HeaderMap::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| CallError::Gone)?;
        match frame.into_data() {
            Ok(data) if bytes.len() + data.len() > most => {
                return Err(CallError::TooLarge(most >> 20));
            }
            Ok(data) => bytes.extend(data),
            Err(frame) => trailers.extend(frame.into_trailers().unwrap_or_default()),
        }
    }
    Ok((bytes.freeze(), trailers))
}

/// Returns the only message of an answer.
fn message(mut body: Bytes) -> Result<Bytes, CallError> {
    if body.len() < FRAME {
        return Err(CallError::Malformed);
    }
    let frame = body.split_to(FRAME);
    let length = frame[1..]
        .iter()
        .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    match frame.first() {
        Some(0) if length == body.len() => Ok(body),
        _ => Err(CallError::Malformed),
    }
}

fn check_status(headers: &HeaderMap) -> Result<(), CallError> {
    match headers.get("grpc-status").map(|status| status.to_str()) {
        None | Some(Ok("0")) => Ok(()),
        // The process went away behind its own server.
        Some(Ok("14")) => Err(CallError::Gone),
        Some(Ok(status)) if status.len() <= 3 => Err(CallError::Status {
            status: status.to_owned(),
        }),
        Some(_) => Err(CallError::Malformed),
    }
}

/// Returns the errors among diagnostics, on one line.
fn errors(diagnostics: &[Diagnostic]) -> Option<String> {
    let errors = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == ERROR);
    let errors = errors.map(|error| match error.detail.as_str() {
        "" => error.summary.clone(),
        detail => format!("{}: {detail}", error.summary),
    });
    let errors: Vec<_> = errors.collect();
    (!errors.is_empty()).then(|| errors.join("; "))
}
