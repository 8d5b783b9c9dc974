//! How many requests that wait for a person one network may have kept: each is a row, and strangers write it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use primitives::clock::Timestamp;

use crate::activity::network;

/// So many at once.
const BURST: u64 = 200;

/// And then one in so many milliseconds.
const EVERY: u64 = 50;

/// The most networks that are told apart. Newcomers beyond it share one place.
const MAX_NETWORKS: usize = 10_000;

/// By network, the moment from which on it has its whole burst again, in milliseconds (a generic cell rate).
#[derive(Debug, Default)]
pub(crate) struct WaitingRoom(Mutex<HashMap<String, u64>>);

impl WaitingRoom {
    /// Whether a request from there may be kept. If it may, it counts.
    pub(crate) fn lets_in(&self, from: IpAddr, now: Timestamp) -> bool {
        let mut networks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.millis();
        let mut name = network(from);
        if networks.len() >= MAX_NETWORKS && !networks.contains_key(&name) {
            networks.retain(|_, whole_at| *whole_at > now);
            if networks.len() >= MAX_NETWORKS {
                name = "*".to_owned();
            }
        }
        let whole_at = networks.entry(name).or_insert(now);
        // A clock that was set back makes nobody wait for longer than the burst takes.
        let next = (*whole_at).clamp(now, now + BURST * EVERY) + EVERY;
        let is_let_in = next <= now + BURST * EVERY;
        if is_let_in {
            *whole_at = next;
        }
        is_let_in
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_421_565);

    #[test]
    fn a_network_has_its_burst_and_then_its_rate_and_takes_nothing_from_others() {
        let room = WaitingRoom::default();
        let here = || Ipv4Addr::new(192, 0, 2, 1).into();
        let let_in = (0..1_000).filter(|_| room.lets_in(here(), NOW)).count();
        assert_eq!(let_in, 200);
        assert!(room.lets_in(Ipv4Addr::new(198, 51, 100, 1).into(), NOW));
        let later = NOW.plus(Duration::from_secs(1));
        assert_eq!((0..1_000).filter(|_| room.lets_in(here(), later)).count(), 20);
        assert_eq!(
            (0..1_000).filter(|_| room.lets_in(here(), NOW.minus(Duration::from_secs(9_999)))).count(),
            0
        );
        let much_later = NOW.plus(Duration::from_secs(60));
        assert_eq!((0..1_000).filter(|_| room.lets_in(here(), much_later)).count(), 200);
    }

    #[test]
    fn memory_is_bounded_however_many_networks_there_are() {
        let room = WaitingRoom::default();
        for n in 0..30_000_u32 {
            room.lets_in(Ipv4Addr::from(n << 8).into(), NOW);
        }
        assert!(room.0.lock().unwrap().len() <= MAX_NETWORKS + 1);
    }
}
