//! Requests to addresses that a repository names, over a real connection.

use driftguard::outbound::{Outbound, OutboundError, signed};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const BODY: &str = r#"{"version":1,"event":"findings"}"#;
const KEY: &[u8] = b"the receiver knows it too";

/// A receiver that answers one request with this, and what it was sent: the head, and the body.
async fn receiver(answer: &'static str) -> (String, JoinHandle<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    let received = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        let (head, body) = loop {
            connection.read_buf(&mut bytes).await.unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            match text.split_once("\r\n\r\n") {
                Some((head, body)) if body.len() >= BODY.len() || head.starts_with("GET ") => {
                    break (head.to_lowercase(), body.to_owned());
                }
                _ => {}
            }
        };
        connection.write_all(answer.as_bytes()).await.unwrap();
        (head, body)
    });
    (format!("http://{place}/hooks?token=a-secret"), received)
}

async fn post(private_allowed: bool, url: &str) -> Result<(), OutboundError> {
    let outbound = Outbound::new(private_allowed).unwrap();
    let headers = signed(KEY, "scan-1", BODY);
    let sent = outbound.post(url, headers, BODY.to_owned()).await;
    if let Err(error) = &sent {
        let told = format!("{error} {error:?}");
        assert!(
            !told.contains("token") && !told.contains("hooks?"),
            "{told}"
        );
    }
    sent
}

#[tokio::test]
async fn a_receiver_can_tell_who_sent_it_and_which_it_is() {
    let (url, received) = receiver("HTTP/1.1 204 No Content\r\n\r\n").await;
    post(true, &url).await.unwrap();
    let (head, body) = received.await.unwrap();
    assert_eq!(body, BODY);
    assert!(
        head.starts_with("post /hooks?token=a-secret http/1.1"),
        "{head}"
    );
    let code = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
    let code = hex::encode(code.chain_update(&body).finalize().into_bytes());
    for line in [
        format!("x-driftguard-signature-256: sha256={code}"),
        "x-driftguard-delivery: scan-1".to_owned(),
        "content-type: application/json".to_owned(),
    ] {
        assert!(
            head.lines().any(|found| found == line),
            "{line} is not in {head}"
        );
    }
}

#[tokio::test]
async fn nothing_reaches_a_private_address_by_its_number_or_by_a_name() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"] {
        let refused = post(false, &format!("https://{host}:{port}/hooks?token=x")).await;
        assert!(
            matches!(refused, Err(OutboundError::Refused { .. })),
            "{host}: {refused:?}"
        );
    }
    let plain = post(false, &format!("http://127.0.0.1:{port}/hooks?token=x")).await;
    assert!(
        matches!(plain, Err(OutboundError::BadAddress(_))),
        "{plain:?}"
    );
    let accepted = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept());
    assert!(accepted.await.is_err(), "nobody knocked");
}

#[tokio::test]
async fn an_answer_that_is_no_success_is_told_and_a_redirect_is_not_followed() {
    for (answer, expected, may_pass) in [
        ("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", 503, true),
        ("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", 410, false),
        (
            "HTTP/1.1 307 Elsewhere\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
            307,
            false,
        ),
    ] {
        let (url, _received) = receiver(answer).await;
        let error = post(true, &url).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::Answered { status, .. } if status == expected),
            "{error:?}"
        );
        assert_eq!(error.may_pass(), may_pass);
    }
}

#[tokio::test]
async fn where_nobody_listens_that_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks?token=x", listener.local_addr().unwrap());
    drop(listener);
    for url in [&url, "http://no-such-host.invalid/hooks?token=x"] {
        let error = post(true, url).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::Unreachable { .. }),
            "{error:?}"
        );
        assert!(error.may_pass());
    }
}

#[tokio::test]
async fn each_redirect_of_a_get_is_verified_and_its_body_is_bounded() {
    let (last, _) = receiver("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await;
    let outbound = Outbound::new(true).unwrap();
    assert_eq!(outbound.get(&last, 5).await.unwrap().body, "hello");
    let (last, _) = receiver("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await;
    let error = outbound.get(&last, 4).await.unwrap_err();
    assert!(matches!(error, OutboundError::TooLarge { .. }), "{error:?}");
    for (target, expected) in [
        ("ftp://hooks.example.com/", "it is not https"),
        (
            "https://user:word@hooks.example.com/",
            "it holds a user or a password",
        ),
    ] {
        let answer =
            format!("HTTP/1.1 302 Elsewhere\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n");
        let (url, _) = receiver(answer.leak()).await;
        let error = outbound.get(&url, 100).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("nothing is sent to this address: {expected}: write it as https://host/path")
        );
    }
    let careful = Outbound::new(false).unwrap();
    let refused = careful.get("https://127.0.0.1/", 100).await.unwrap_err();
    assert!(
        matches!(refused, OutboundError::Refused { .. }),
        "{refused:?}"
    );
}
