//! One address for all processes, as a load balancer gives it: each connection goes to the next process that listens.

use anyhow::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A running balancer. It ends when dropped.
pub struct Balancer {
    pub address: String,
    task: JoinHandle<()>,
}

impl Balancer {
    /// Listens on a free port, and passes connections on to these ports of this machine.
    pub async fn start(ports: Vec<u16>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (ports, next) = (Arc::new(ports), Arc::new(AtomicUsize::new(0)));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (ports, next) = (ports.clone(), next.clone());
                tokio::spawn(pass_on(stream, ports, next));
            }
        });
        Ok(Self { address, task })
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(mut client: TcpStream, ports: Arc<Vec<u16>>, next: Arc<AtomicUsize>) {
    for _ in 0..ports.len() {
        let turn = next.fetch_add(1, Ordering::Relaxed) % ports.len();
        if let Ok(mut server) = TcpStream::connect(("127.0.0.1", ports[turn])).await {
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            return;
        }
    }
}
