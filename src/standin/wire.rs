//! Serves and sends plain HTTP on this machine.

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::future::Future;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

/// A response with its whole body, or the order to close the connection without one.
pub(super) type Reply = std::result::Result<Response<Bytes>, ConnectionCut>;

/// Tells the server to close the connection without a response.
#[derive(Debug)]
pub(super) struct ConnectionCut;

impl std::fmt::Display for ConnectionCut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection was cut")
    }
}

impl std::error::Error for ConnectionCut {}

/// The pause after a connection that could not be accepted, as where no file may be opened any more.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    /// The address: `http://127.0.0.1:PORT`.
    pub url: String,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Listens on a free port, and returns its address.
pub(super) async fn listen() -> Result<(TcpListener, String)> {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.context("while taking a free port on 127.0.0.1")?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// Answers every request of a listener.
pub(super) fn serve<A, F>(listener: TcpListener, url: String, answer: A) -> Server
where
    A: Fn(Request<Bytes>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let task = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let answer = answer.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = answer.clone();
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.map_err(|_| ConnectionCut)?.to_bytes();
                    let response = answer(Request::from_parts(head, body)).await?;
                    Ok::<_, ConnectionCut>(response.map(Full::new))
                }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            // A connection that breaks is its client's business.
            connections.spawn(async move { drop(connection.await) });
            while connections.try_join_next().is_some() {}
        }
    });
    Server { url, task }
}

/// Sends a request over a connection of its own.
pub(super) async fn send(request: Request<Bytes>) -> Result<Response<Bytes>> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let address = request.uri().clone();
    let response = client.request(request.map(Full::new)).await;
    let response = response.with_context(|| format!("while asking {address}"))?;
    let (head, body) = response.into_parts();
    let body = body.collect().await;
    let body = body.with_context(|| format!("while reading what {address} answered"))?;
    Ok(Response::from_parts(head, body.to_bytes()))
}
