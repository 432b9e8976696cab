//! Plain HTTP on this machine.

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;

/// A free port of this machine, and its address.
pub(super) async fn listen() -> Result<(TcpListener, String)> {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.context("while taking a free port on 127.0.0.1")?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
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
