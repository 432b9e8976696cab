//! Accepts connections, and serves requests on them.

use super::activity::{Watched, WatchedBody};
use super::connections::{Connections, Seat};
use super::descriptors;
use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long open requests may take once the server is stopped.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause after a connection could not be accepted: the system has no room for more.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often a slow connection is checked.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// How many bytes of a request are read ahead; its head must fit.
const READ_AHEAD: usize = 32 * 1024;

/// Serves until `stop` completes, and until open requests are answered.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    stop: impl Future<Output = ()> + Clone + Send + 'static,
) -> anyhow::Result<()> {
    let connections = Connections::new(descriptors::connections());
    let mut open = JoinSet::new();
    let mut stopped = std::pin::pin!(stop.clone());
    loop {
        let accepted = tokio::select! {
            () = &mut stopped => break,
            Some(_) = open.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                if let Some(seat) = connections.seat(peer.ip()) {
                    open.spawn(attend(stream, seat, routes.clone(), stop.clone()));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let ended = async { while open.join_next().await.is_some() {} };
    // What is not answered by then is dropped with the set.
    let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, ended).await;
    Ok(())
}

/// Serves the requests of one connection.
async fn attend(
    stream: TcpStream,
    seat: Seat,
    routes: Router,
    stop: impl Future<Output = ()> + Send,
) {
    // An answer is one small packet: to wait for more would only be late.
    let _ = stream.set_nodelay(true);
    let peer = stream.peer_addr().ok();
    let stream = Watched {
        stream: TokioIo::new(stream),
        activity: seat.activity.clone(),
    };
    let routes = TowerToHyperService::new(routes);
    let activity = &seat.activity;
    let answer = service_fn(|mut request: Request<Incoming>| {
        activity.asked();
        // Some routes count by sender.
        if let Some(peer) = peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        request.extensions_mut().insert(activity.clone());
        let request = request.map(|body| WatchedBody::new(body, activity.clone()));
        let answer = routes.call(request);
        async {
            let answer = answer.await;
            activity.answered();
            answer
        }
    });
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .max_buf_size(READ_AHEAD)
            .serve_connection(stream, answer)
    );
    let mut stop = std::pin::pin!(stop);
    let mut stopped = false;
    loop {
        tokio::select! {
            // How it ended is the other side's business.
            _ = &mut connection => return,
            () = seat.given_away() => return,
            () = &mut stop, if !stopped => {
                stopped = true;
                connection.as_mut().graceful_shutdown();
            }
            () = tokio::time::sleep(CHECK_EVERY) => {
                if activity.ends_at() <= Instant::now().into_std() {
                    return;
                }
            }
        }
    }
}
