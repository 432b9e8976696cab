//! Plain HTTP on this machine: serving connections, and sending a request.

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::future::Future;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

/// A request or an answer, its body read whole.
pub(super) type Whole<T> = std::result::Result<T, Cut>;

/// Instead of an answer: the connection ends.
#[derive(Debug)]
pub(super) struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection was cut")
    }
}

impl std::error::Error for Cut {}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A free port of this machine, and its address.
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
    F: Future<Output = Whole<Response<Bytes>>> + Send + 'static,
{
    let task = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                continue;
            };
            let answer = answer.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = answer.clone();
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
                    let response = answer(Request::from_parts(head, body)).await?;
                    Ok::<_, Cut>(response.map(Full::new))
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

/// Sends one request over a connection of its own.
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
