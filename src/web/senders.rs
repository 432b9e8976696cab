//! Counts the codes that each sender brings within an hour: GitHub counts them all as the server's.

use super::connections::source;
use super::rate::Rate;
use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// How long a code counts.
const WINDOW: Duration = Duration::from_secs(60 * 60);
/// How many senders are remembered; the one idle for longest is forgotten first.
const SENDERS: usize = 1_000;
/// The header by which a proxy names its client.
const FORWARDED: &str = "x-forwarded-for";

/// Who sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    /// A peer of the internet, or the client that a proxy in a private network names.
    Named(IpAddr),
    /// A peer in a private network that names no client: it may be one person, or a proxy for everybody.
    Unnamed(IpAddr),
}

impl Sender {
    /// Finds out who sends a request.
    pub fn of(headers: &HeaderMap, extensions: &Extensions) -> Self {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::from(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        // The last one, of the last line: what stands before it the sender may have written itself.
        let last = headers.get_all(FORWARDED).iter().next_back();
        let last = last.and_then(|list| list.to_str().ok()?.rsplit(',').next());
        let named = last.and_then(|named| named.trim().parse().ok());
        let named = named.map(|named| source(named).unwrap_or(named));
        match source(peer).or(named) {
            Some(sender) => Self::Named(sender),
            None => Self::Unnamed(peer),
        }
    }

    /// Returns the address.
    pub fn address(self) -> IpAddr {
        match self {
            Self::Named(address) | Self::Unnamed(address) => address,
        }
    }
}

/// The senders of the last hour, and when each brought a code.
pub(super) struct Senders(Rate<IpAddr>);

impl Senders {
    /// Admits at most so many codes of each sender within an hour.
    pub fn new(most: usize) -> Self {
        Self(Rate::new(most, WINDOW, SENDERS))
    }

    /// Returns whether a sender may bring another code.
    pub fn may_bring(&self, sender: IpAddr, now: Instant) -> bool {
        self.0.may(sender, now)
    }

    /// Returns whether a sender may bring another code, which is counted.
    pub fn admit(&self, sender: IpAddr, now: Instant) -> bool {
        self.0.admit(sender, now)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const MOST: usize = 10;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_sender_uses_up_its_own_codes_and_nobody_elses() {
        let senders = Senders::new(MOST);
        let now = Instant::now();
        let (mallory, alice) = (address("198.51.100.1"), address("198.51.100.7"));
        for _ in 0..MOST {
            assert!(senders.may_bring(mallory, now));
            assert!(senders.admit(mallory, now));
        }
        assert!(!senders.may_bring(mallory, now) && !senders.admit(mallory, now));
        assert!(senders.may_bring(alice, now) && senders.admit(alice, now));
        assert!(senders.may_bring(mallory, now + WINDOW));
        assert!(senders.admit(mallory, now + WINDOW));
    }

    #[test]
    fn only_so_many_senders_are_remembered() {
        let senders = Senders::new(MOST);
        let now = Instant::now();
        for number in 0..2 * u32::try_from(SENDERS).unwrap() {
            let later = now + Duration::from_millis(u64::from(number));
            assert!(senders.admit(IpAddr::from(number.to_be_bytes()), later));
        }
        assert_eq!(senders.0.count(), SENDERS);
    }

    #[test]
    fn a_sender_is_named_by_a_proxy_only() {
        let mut headers = HeaderMap::new();
        let sender = |headers: &HeaderMap, peer: &str| {
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
            Sender::of(headers, &extensions)
        };
        let proxy = address("172.17.0.1");
        assert_eq!(sender(&headers, "172.17.0.1:1"), Sender::Unnamed(proxy));
        headers.insert(FORWARDED, "198.51.100.1, 198.51.100.2".parse().unwrap());
        for (peer, named) in [
            ("127.0.0.1:1", "198.51.100.2"),
            ("172.17.0.1:1", "198.51.100.2"),
            ("203.0.113.5:1", "203.0.113.5"),
        ] {
            assert_eq!(sender(&headers, peer), Sender::Named(address(named)));
        }
        // A proxy may add a line of its own behind that of the sender.
        headers.append(FORWARDED, "198.51.100.3".parse().unwrap());
        let named = Sender::Named(address("198.51.100.3"));
        assert_eq!(sender(&headers, "127.0.0.1:1"), named);
    }
}
