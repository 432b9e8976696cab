//! Limits the incoming connections, and evicts one for a new one.

use super::activity::Activity;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// The part of all connections that one address may have: one in so many.
const ADDRESS_SHARE: usize = 4;

/// The open connections. Where there is no room, the connection that has sent no complete request for longest is
/// evicted: so nobody blocks the server by connecting and sending nothing, or half a request.
pub(super) struct Connections {
    most: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    all: BTreeMap<u64, Connection>,
}

struct Connection {
    source: Option<IpAddr>,
    activity: Activity,
    end: Arc<Notify>,
}

/// The slot of a connection, which is freed when it is dropped.
pub(super) struct Seat {
    connections: Arc<Connections>,
    id: u64,
    /// What the connection does.
    pub activity: Activity,
    end: Arc<Notify>,
}

impl Connections {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            open: Mutex::default(),
        })
    }

    /// Takes a slot for a new connection; `None` where all others wait for the answer to a complete request.
    pub(super) fn seat(self: &Arc<Self>, peer: IpAddr) -> Option<Seat> {
        let source = source(peer);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if source.is_some() {
            let alike = |connection: &Connection| connection.source == source;
            open.make_room((self.most / ADDRESS_SHARE).max(1), alike)?;
        }
        open.make_room(self.most, |_| true)?;
        let id = open.next;
        open.next += 1;
        let (activity, end) = (Activity::start(), Arc::new(Notify::new()));
        let connection = Connection {
            source,
            activity: activity.clone(),
            end: end.clone(),
        };
        open.all.insert(id, connection);
        Some(Seat {
            connections: self.clone(),
            id,
            activity,
            end,
        })
    }
}

impl Open {
    /// Evicts connections until fewer than `most` of these are open.
    fn make_room(&mut self, most: usize, of: impl Fn(&Connection) -> bool) -> Option<()> {
        let these = || self.all.iter().filter(|(_, connection)| of(connection));
        if these().count() < most {
            return Some(());
        }
        let unused =
            these().filter_map(|(id, connection)| Some((connection.activity.unused_since()?, *id)));
        let (_, longest) = unused.min()?;
        let ended = self.all.remove(&longest)?;
        ended.end.notify_one();
        Some(())
    }
}

impl Seat {
    /// Completes when the connection is evicted.
    pub(super) async fn given_away(&self) {
        self.end.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let open = self.connections.open.lock();
        open.unwrap_or_else(PoisonError::into_inner)
            .all
            .remove(&self.id);
    }
}

/// Returns the address that a connection counts against; `None` for a private network, where a proxy acts for
/// everybody. Of IPv6 the first half counts, since a customer has all of the other.
pub(super) fn source(peer: IpAddr) -> Option<IpAddr> {
    match peer.to_canonical() {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            let private = v4.is_loopback() || v4.is_private() || v4.is_link_local() || shared;
            (!private).then_some(v4.into())
        }
        IpAddr::V6(v6) => {
            let private = v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local();
            let network = u128::from(v6) >> 64 << 64;
            (!private).then_some(Ipv6Addr::from(network).into())
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn peer(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn gave_way(seat: &Seat) -> bool {
        seat.given_away().now_or_never().is_some()
    }

    fn asks(seat: &Seat) {
        seat.activity.asked();
        seat.activity.sent();
    }

    #[test]
    fn whoever_has_said_nothing_for_longest_gives_way() {
        let connections = Connections::new(3);
        let proxy = peer("127.0.0.1");
        let seats: Vec<_> = (0..3).map(|_| connections.seat(proxy).unwrap()).collect();
        asks(&seats[0]);
        let fourth = connections.seat(proxy).unwrap();
        assert!(!gave_way(&seats[0]), "it waits for an answer");
        assert!(gave_way(&seats[1]));
        assert!(!gave_way(&seats[2]));
        asks(&seats[2]);
        asks(&fourth);
        assert!(connections.seat(proxy).is_none(), "all wait for an answer");
        seats[0].activity.answered();
        assert!(connections.seat(proxy).is_some());
        assert!(gave_way(&seats[0]));
    }

    #[test]
    fn whoever_sends_a_body_for_longest_gives_way() {
        let connections = Connections::new(2);
        let seats: Vec<_> = (0..2)
            .map(|_| connections.seat(peer("127.0.0.1")).unwrap())
            .collect();
        seats[1].activity.asked();
        seats[0].activity.asked();
        assert!(connections.seat(peer("127.0.0.1")).is_some());
        assert!(gave_way(&seats[1]));
        assert!(!gave_way(&seats[0]));
    }

    #[test]
    fn an_address_has_no_more_than_its_share() {
        let connections = Connections::new(8);
        let other = connections.seat(peer("2001:db8::1")).unwrap();
        let same: Vec<_> = (0..3)
            .map(|_| connections.seat(peer("198.51.100.7")).unwrap())
            .collect();
        assert!(gave_way(&same[0]), "its own oldest gives way");
        assert!(!gave_way(&other));
        let behind_a_proxy: Vec<_> = (0..4)
            .map(|_| connections.seat(peer("10.0.0.1")).unwrap())
            .collect();
        assert!(!behind_a_proxy.iter().any(gave_way));
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_has_ended() {
        let connections = Connections::new(1);
        for _ in 0..3 {
            let seat = connections.seat(peer("127.0.0.1")).unwrap();
            asks(&seat);
        }
    }

    #[test]
    fn a_customer_of_ipv6_is_one_source() {
        assert_eq!(
            source(peer("2001:db8:1:2::1")),
            source(peer("2001:db8:1:2:ffff::9"))
        );
        assert_ne!(
            source(peer("2001:db8:1:2::1")),
            source(peer("2001:db8:1:3::1"))
        );
        assert_eq!(source(peer("::ffff:10.1.2.3")), None);
        assert_eq!(source(peer("fd00::1")), None);
    }
}
