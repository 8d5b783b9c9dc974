//! What happens and changes nothing: counted in memory, written once a second.
//!
//! Strangers cause most of it, so it is bounded on the way: repeats become counts by the minute, and beyond so many
//! different lines a minute the rest is counted as one line, from `*`.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use primitives::clock::Timestamp;
use primitives::names::ProfileName;
use storage::Activity;
use storage::figures::Count as Total;

/// The most lines a minute about clients that are known.
const MAX_KNOWN: usize = 10_000;

/// The most lines a minute about strangers.
const MAX_STRANGERS: usize = 1_000;

/// The most lines that wait for a store that does not take them.
const MAX_WAITING: usize = 100_000;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActivityKind {
    /// A client authenticated and got an access token.
    TokenIssued,
    /// A client authenticated to take a token back.
    RevocationAnswered,
    /// A client was not believed.
    ClientAuthenticationRefused,
    /// A request for a token made no sense, or was beyond the client.
    TokenRefused,
    /// A request to take a token back made no sense.
    RevocationRefused,
    /// A registration was refused.
    RegistrationRefused,
    /// A request for authorization was answered with what it asked for.
    AuthorizationAnswered,
    /// One was refused: by its person, or because it made no sense.
    AuthorizationRefused,
    /// Somebody did not sign in who tried to.
    SignInRefused,
    /// A client asked about a token.
    IntrospectionAnswered,
    /// A question about a token made no sense.
    IntrospectionRefused,
    /// Nothing was said of a user.
    UserinfoRefused,
}

impl ActivityKind {
    /// All kinds.
    pub const ALL: [Self; 12] = [
        Self::TokenIssued,
        Self::RevocationAnswered,
        Self::ClientAuthenticationRefused,
        Self::TokenRefused,
        Self::RevocationRefused,
        Self::RegistrationRefused,
        Self::AuthorizationAnswered,
        Self::AuthorizationRefused,
        Self::SignInRefused,
        Self::IntrospectionAnswered,
        Self::IntrospectionRefused,
        Self::UserinfoRefused,
    ];

    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TokenIssued => "token-issued",
            Self::RevocationAnswered => "revocation-answered",
            Self::RevocationRefused => "revocation-refused",
            Self::ClientAuthenticationRefused => "client-authentication-refused",
            Self::TokenRefused => "token-refused",
            Self::RegistrationRefused => "registration-refused",
            Self::AuthorizationAnswered => "authorization-answered",
            Self::AuthorizationRefused => "authorization-refused",
            Self::SignInRefused => "sign-in-refused",
            Self::IntrospectionAnswered => "introspection-answered",
            Self::IntrospectionRefused => "introspection-refused",
            Self::UserinfoRefused => "userinfo-refused",
        }
    }
}

/// One line of the log, without its count.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Line {
    profile: ProfileName,
    kind: ActivityKind,
    reason: &'static str,
    client_id: String,
    network: String,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    count: u64,
    first_at: Timestamp,
    last_at: Timestamp,
}

#[derive(Debug, Default)]
struct Counts {
    minute: u64,
    /// The different lines of this minute, written or not.
    known: HashSet<Line>,
    strangers: HashSet<Line>,
    unwritten: HashMap<Line, Count>,
}

/// Counts that wait to be written.
#[derive(Debug, Default)]
pub struct ActivityLog {
    counts: Mutex<Counts>,
    totals: [Total; ActivityKind::ALL.len()],
}

impl ActivityLog {
    /// A client that proved who it is got what it asked for.
    pub fn answered(&self, profile: &ProfileName, kind: ActivityKind, client_id: &str, at: Timestamp) {
        let line = Line {
            profile: profile.clone(),
            kind,
            reason: "",
            client_id: client_id.to_owned(),
            network: String::new(),
        };
        self.count(line, at);
    }

    /// Somebody from this address was refused.
    pub fn refused(
        &self,
        profile: &ProfileName,
        kind: ActivityKind,
        reason: &'static str,
        (from, at): (IpAddr, Timestamp),
    ) {
        let (client_id, network) = (String::new(), network(from));
        self.count(Line { profile: profile.clone(), kind, reason, client_id, network }, at);
    }

    /// How often each kind was counted since the process started.
    pub fn totals(&self) -> impl Iterator<Item = (ActivityKind, u64)> {
        ActivityKind::ALL.into_iter().zip(&self.totals).map(|(kind, total)| (kind, total.value()))
    }

    /// How many lines wait to be written.
    pub fn waiting(&self) -> usize {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).unwritten.len()
    }

    fn count(&self, mut line: Line, at: Timestamp) {
        let mut totals = ActivityKind::ALL.iter().zip(&self.totals);
        if let Some((_, total)) = totals.find(|(kind, _)| **kind == line.kind) {
            total.add();
        }
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = at.seconds() / 60;
        if counts.minute != minute {
            counts.minute = minute;
            counts.known.clear();
            counts.strangers.clear();
        }
        let (seen, most) = if line.client_id.is_empty() {
            (&mut counts.strangers, MAX_STRANGERS)
        } else {
            (&mut counts.known, MAX_KNOWN)
        };
        if !seen.contains(&line) {
            if seen.len() < most {
                seen.insert(line.clone());
            } else {
                line.client_id = String::new();
                line.network = "*".to_owned();
            }
        }
        let count = counts.unwritten.entry(line).or_insert(Count { count: 0, first_at: at, last_at: at });
        count.count += 1;
        count.last_at = count.last_at.max(at);
    }

    /// Takes what waits to be written.
    pub fn take(&self) -> Unwritten {
        Unwritten(std::mem::take(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner).unwritten))
    }

    /// Gives back what could not be written, to wait for the next time. A store that is away for long is not waited for
    /// with more than [`MAX_WAITING`] lines.
    pub fn put_back(&self, Unwritten(lines): Unwritten) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for (line, kept) in lines {
            if counts.unwritten.len() >= MAX_WAITING && !counts.unwritten.contains_key(&line) {
                continue;
            }
            let count = counts.unwritten.entry(line).or_insert(Count { count: 0, ..kept });
            count.count += kept.count;
            count.first_at = count.first_at.min(kept.first_at);
            count.last_at = count.last_at.max(kept.last_at);
        }
    }
}

/// Counts that have been taken to be written.
#[derive(Debug)]
pub struct Unwritten(HashMap<Line, Count>);

impl Unwritten {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rows that they make.
    pub fn rows(&self) -> Vec<Activity> {
        let rows = self.0.iter().map(|(line, count)| {
            let Line { profile, kind, reason, client_id, network } = line.clone();
            let Count { count, first_at, last_at } = *count;
            Activity { profile, kind: kind.as_str(), reason, client_id, network, count, first_at, last_at }
        });
        rows.collect()
    }
}

/// The network that an address is in: what one customer of a provider usually has (/24, or /48).
pub(crate) fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_421_565);

    fn refuse(log: &ActivityLog, address: IpAddr, at: Timestamp) {
        let profile = "staff".parse().unwrap();
        log.refused(&profile, ActivityKind::ClientAuthenticationRefused, "wrong-secret", (address, at));
    }

    #[test]
    fn repeats_from_one_network_become_a_count() {
        let log = ActivityLog::default();
        for last in [1, 2, 250] {
            refuse(&log, Ipv4Addr::new(192, 0, 2, last).into(), NOW);
        }
        refuse(&log, "::ffff:192.0.2.9".parse().unwrap(), NOW);
        refuse(&log, "2001:db8:1:2::9".parse().unwrap(), NOW);
        let mut lines = log.take().rows();
        lines.sort_by(|a, b| a.network.cmp(&b.network));
        let lines: Vec<_> = lines.iter().map(|line| (line.network.as_str(), line.count)).collect();
        assert_eq!(lines, [("192.0.2.0/24", 4), ("2001:db8:1::/48", 1)]);
        assert!(log.take().is_empty());
        let totals: Vec<_> = log.totals().filter(|(_, total)| *total > 0).collect();
        assert_eq!(totals, [(ActivityKind::ClientAuthenticationRefused, 5)], "whatever was written of it");
    }

    #[test]
    fn what_could_not_be_written_waits_for_the_next_time() {
        let log = ActivityLog::default();
        refuse(&log, Ipv4Addr::LOCALHOST.into(), NOW);
        let taken = log.take();
        refuse(&log, Ipv4Addr::LOCALHOST.into(), Timestamp::from_seconds(NOW.seconds() + 1));
        log.put_back(taken);
        let lines = log.take().rows();
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!((line.count, line.first_at), (2, NOW));
        assert_eq!(line.last_at.seconds(), NOW.seconds() + 1);
    }

    #[test]
    fn strangers_cannot_fill_the_disk_however_many_networks_they_have() {
        let log = ActivityLog::default();
        let mut lines = 0;
        for second in 0..10 {
            let at = Timestamp::from_seconds(NOW.seconds() / 60 * 60 + second);
            for n in 0..10_000_u32 {
                refuse(&log, Ipv4Addr::from(n << 8).into(), at);
            }
            let written = log.take().rows();
            assert_eq!(written.iter().map(|line| line.count).sum::<u64>(), 10_000, "everything is counted");
            lines = lines.max(written.len());
        }
        assert_eq!(lines, MAX_STRANGERS + 1);
        // The next minute begins with a clean slate.
        refuse(&log, Ipv4Addr::new(203, 0, 113, 1).into(), Timestamp::from_seconds(NOW.seconds() + 60));
        assert_eq!(log.take().rows()[0].network, "203.0.113.0/24");
    }
}
