//! Reads a large body on a blocking thread while it is downloaded.

use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use std::io;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How many unread parts are buffered.
const MAX_BUFFERED_PARTS: usize = 8;

/// A part of a body, its end, or an error.
type Part = Result<Option<Bytes>, String>;

/// A body that is read as it is downloaded. Reading fails after the timeout, or when nobody waits for the result any
/// more, so that the thread ends by itself.
pub(super) struct Download {
    parts: mpsc::Receiver<Part>,
    current: Bytes,
    ended: bool,
    deadline: Instant,
}

impl io::Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let given_up = || io::Error::other("nobody waits for it any more");
        if self.parts.is_closed() {
            return Err(given_up());
        }
        if Instant::now() >= self.deadline {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "it took too long"));
        }
        while self.current.is_empty() && !self.ended {
            match self.parts.blocking_recv() {
                Some(Ok(Some(part))) => self.current = part,
                Some(Ok(None)) => self.ended = true,
                Some(Err(problem)) => return Err(io::Error::other(problem)),
                None => return Err(given_up()),
            }
        }
        let length = buffer.len().min(self.current.len());
        self.current.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

/// Passes a body to `read`, on a thread of its own, for as long as `time`.
///
/// # Errors
/// When `read` panics.
pub(super) async fn through<B, T>(
    body: B,
    time: Duration,
    read: impl FnOnce(Download) -> T + Send + 'static,
) -> anyhow::Result<T>
where
    B: hyper::body::Body<Data = Bytes, Error: std::fmt::Display>,
    T: Send + 'static,
{
    let (sender, parts) = mpsc::channel(MAX_BUFFERED_PARTS);
    let download = Download {
        parts,
        current: Bytes::new(),
        ended: false,
        deadline: Instant::now() + time,
    };
    let reading = tokio::task::spawn_blocking(move || read(download));
    // What is handed back keeps the channel open: closed, it says that nobody waits.
    let (_open, read) = tokio::join!(feed(body, sender), reading);
    Ok(read?)
}

/// Forwards the parts of a body until it ends, or its reader does.
async fn feed<B>(body: B, sender: mpsc::Sender<Part>) -> mpsc::Sender<Part>
where
    B: hyper::body::Body<Data = Bytes, Error: std::fmt::Display>,
{
    let mut body = std::pin::pin!(body);
    loop {
        let frame = tokio::select! {
            frame = body.frame() => frame,
            () = sender.closed() => return sender,
        };
        let part = match frame {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => Ok(Some(data)),
                // Trailers.
                Err(_) => continue,
            },
            Some(Err(error)) => Err(error.to_string()),
            None => Ok(None),
        };
        let last = !matches!(part, Ok(Some(_)));
        if sender.send(part).await.is_err() || last {
            return sender;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use http_body_util::{Full, StreamBody};
    use std::io::Read;

    const LONG: Duration = Duration::from_secs(60);

    fn whole(mut download: Download) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        download.read_to_end(&mut bytes).map(|_| bytes)
    }

    #[tokio::test]
    async fn a_body_is_read_as_it_is() {
        let sent = vec![7; 100_000];
        let body = Full::new(Bytes::from(sent.clone()));
        assert_eq!(through(body, LONG, whole).await.unwrap().unwrap(), sent);
    }

    #[tokio::test]
    async fn what_breaks_off_is_no_end() {
        let parts = [
            Ok(hyper::body::Frame::data(Bytes::from_static(b"half"))),
            Err("gone"),
        ];
        let body = StreamBody::new(futures::stream::iter(parts));
        let error = through(body, LONG, whole).await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "gone");
    }

    #[tokio::test]
    async fn whoever_reads_ends_when_nobody_waits_any_more() {
        let (done, ended) = std::sync::mpsc::channel();
        let never = StreamBody::new(futures::stream::pending::<Result<_, String>>());
        let reading = through(never, LONG, move |download| {
            let _ = done.send(whole(download).unwrap_err().to_string());
        });
        let reading = tokio::time::timeout(Duration::from_millis(20), reading);
        assert!(reading.await.is_err());
        let error = tokio::task::spawn_blocking(move || ended.recv()).await;
        assert_eq!(error.unwrap().unwrap(), "nobody waits for it any more");
    }

    #[tokio::test]
    async fn whoever_reads_ends_when_the_time_is_over() {
        let endless = futures::stream::repeat_with(|| {
            Ok::<_, String>(hyper::body::Frame::data(Bytes::from_static(&[0; 1024])))
        });
        let sink = |mut download: Download| io::copy(&mut download, &mut io::sink());
        let read = through(StreamBody::new(endless), Duration::from_millis(20), sink);
        let error = read.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
