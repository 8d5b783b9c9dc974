//! Slows down whoever guesses passwords.
//!
//! Every attempt is charged before its password is looked at, so that a thousand at once are no way around, and given
//! back when it was right. A stranger pays twice: for the user from this network, and for the network. A device that the
//! user signed in with before pays for itself alone: so nobody can lock somebody out of their account by guessing from
//! elsewhere.
//!
//! The counts are in the memory of one process. A restart forgets them, which gives whoever guesses one more burst.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use primitives::clock::Timestamp;
use primitives::names::DirectoryName;
use primitives::ordered_id::OrderedId;

use crate::user::UserId;

/// How often buckets that have recovered are looked for where there is no room, in milliseconds: each look goes through
/// all of them.
const SWEEP_EVERY: u64 = 1_000;

/// How often something may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So often at once.
    pub burst: u32,
    /// And then once in so long.
    pub every: Duration,
}

/// How often passwords may be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuessingLimits {
    /// Those of one user, from one network.
    pub user: Rate,
    /// Those of all users, from one network.
    pub network: Rate,
    /// Those of one user, from one device that they signed in with before.
    pub device: Rate,
    /// How many users, networks and devices are told apart, of each. Newcomers beyond it share one bucket.
    pub at_most: usize,
}

impl Default for GuessingLimits {
    fn default() -> Self {
        let ten = Rate { burst: 10, every: Duration::from_secs(30) };
        Self {
            user: ten,
            network: Rate { burst: 100, every: Duration::from_secs(1) },
            device: ten,
            at_most: 100_000,
        }
    }
}

/// Whoever tries a password.
#[derive(Clone, Copy, Debug)]
pub enum Guesser<'a> {
    /// Somebody, from somewhere.
    Stranger {
        /// The directory that the user is looked for in.
        directory: &'a DirectoryName,
        /// What the user is looked for by, whether or not there is one.
        name_key: &'a str,
        /// Where the request came from.
        from: IpAddr,
    },
    /// A device that this user signed in with before.
    Device {
        /// The user.
        user: UserId,
        /// The device.
        device: OrderedId,
    },
}

/// What an attempt was charged.
#[derive(Debug)]
#[must_use = "it is given back when the password was right"]
pub struct Charge(Vec<(Kind, Place)>);

#[derive(Clone, Copy, Debug)]
enum Kind {
    User,
    Network,
    Device,
}

/// The bucket that was charged: somebody's own, or the one that is shared for want of room.
#[derive(Clone, Copy, Debug)]
enum Place {
    Own(Fingerprint),
    Shared,
}

/// Stands for whoever has a bucket, in as many bytes for a long name as for a short one. Half a SHA-256: nobody finds
/// two of one fingerprint.
type Fingerprint = [u8; 16];

/// Who has guessed how often.
#[derive(Debug)]
pub struct Guessing(Option<Mutex<Tables>>);

#[derive(Debug)]
struct Tables {
    users: Buckets,
    networks: Buckets,
    devices: Buckets,
}

impl Guessing {
    /// Nobody has guessed yet.
    pub fn new(limits: GuessingLimits) -> Self {
        let GuessingLimits { user, network, device, at_most } = limits;
        Self(Some(Mutex::new(Tables {
            users: Buckets::new(user, at_most),
            networks: Buckets::new(network, at_most),
            devices: Buckets::new(device, at_most),
        })))
    }

    /// Everybody may guess. For worlds whose passwords are known to everybody, and for measuring.
    pub const fn off() -> Self {
        Self(None)
    }

    /// Charges an attempt.
    ///
    /// # Errors
    /// How long to wait: there were too many. Then nothing is charged.
    pub fn charge(&self, guesser: Guesser<'_>, now: Timestamp) -> Result<Charge, Duration> {
        let Some(tables) = &self.0 else { return Ok(Charge(Vec::new())) };
        let wanted = match guesser {
            Guesser::Stranger { directory, name_key, from } => {
                let network = network(from);
                let user = fingerprint(&[directory.as_str().as_bytes(), name_key.as_bytes(), &network]);
                vec![(Kind::User, user), (Kind::Network, fingerprint(&[&network]))]
            }
            Guesser::Device { user, device } => {
                vec![(Kind::Device, fingerprint(&[user.0.as_bytes(), device.as_bytes()]))]
            }
        };
        let mut tables = tables.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.millis();
        let places: Vec<(Kind, Place)> =
            wanted.into_iter().map(|(kind, who)| (kind, tables.of(kind).place(who, now))).collect();
        let wait = places.iter().map(|(kind, place)| tables.of(*kind).wait(*place, now)).max();
        match wait {
            Some(wait) if wait > 0 => Err(Duration::from_millis(wait)),
            _ => {
                places.iter().for_each(|(kind, place)| tables.of(*kind).charge(*place, now));
                Ok(Charge(places))
            }
        }
    }

    /// Gives back what an attempt was charged that was no guess.
    pub fn give_back(&self, charge: Charge) {
        if let Some(tables) = &self.0 {
            let mut tables = tables.lock().unwrap_or_else(PoisonError::into_inner);
            charge.0.into_iter().for_each(|(kind, place)| tables.of(kind).give_back(place));
        }
    }
}

impl Tables {
    fn of(&mut self, kind: Kind) -> &mut Buckets {
        match kind {
            Kind::User => &mut self.users,
            Kind::Network => &mut self.networks,
            Kind::Device => &mut self.devices,
        }
    }
}

/// Buckets of one rate (GCRA, the generic cell rate algorithm): of each there is one number, the moment at which it will
/// have recovered.
#[derive(Debug)]
struct Buckets {
    /// What an attempt costs, in milliseconds.
    cost: u64,
    /// How far ahead of the present a bucket may recover, in milliseconds.
    span: u64,
    at_most: usize,
    recovered_at: HashMap<Fingerprint, u64>,
    shared_recovered_at: u64,
    swept_at: u64,
}

impl Buckets {
    fn new(rate: Rate, at_most: usize) -> Self {
        let cost = u64::try_from(rate.every.as_millis()).unwrap_or(u64::MAX);
        Self {
            cost,
            span: cost.saturating_mul(rate.burst.into()),
            at_most,
            recovered_at: HashMap::new(),
            shared_recovered_at: 0,
            swept_at: 0,
        }
    }

    /// The bucket that is somebody's. Where there is no room for one more, those that have recovered make it.
    fn place(&mut self, who: Fingerprint, now: u64) -> Place {
        // One recovers later than that only where the clock has stepped back, and nobody waits for that to pass.
        let latest = now.saturating_add(self.span);
        self.shared_recovered_at = self.shared_recovered_at.min(latest);
        if let Some(recovered_at) = self.recovered_at.get_mut(&who) {
            *recovered_at = latest.min(*recovered_at);
            return Place::Own(who);
        }
        if self.recovered_at.len() >= self.at_most && self.swept_at.abs_diff(now) >= SWEEP_EVERY {
            self.swept_at = now;
            self.recovered_at.retain(|_, recovered_at| *recovered_at > now);
        }
        if self.recovered_at.len() < self.at_most { Place::Own(who) } else { Place::Shared }
    }

    fn recovered_at(&self, place: Place, now: u64) -> u64 {
        let at = match place {
            Place::Own(who) => self.recovered_at.get(&who).copied().unwrap_or_default(),
            Place::Shared => self.shared_recovered_at,
        };
        at.max(now)
    }

    /// How long to wait before the next attempt, in milliseconds.
    fn wait(&self, place: Place, now: u64) -> u64 {
        self.recovered_at(place, now).saturating_add(self.cost).saturating_sub(now.saturating_add(self.span))
    }

    fn charge(&mut self, place: Place, now: u64) {
        let at = self.recovered_at(place, now).saturating_add(self.cost);
        match place {
            Place::Own(who) => drop(self.recovered_at.insert(who, at)),
            Place::Shared => self.shared_recovered_at = at,
        }
    }

    /// What has recovered meanwhile is given back with the rest: whoever signs in again and again could so guess as
    /// often once more, at the cost of as many right passwords.
    fn give_back(&mut self, place: Place) {
        let at = match place {
            Place::Own(who) => self.recovered_at.get_mut(&who),
            Place::Shared => Some(&mut self.shared_recovered_at),
        };
        if let Some(at) = at {
            *at = at.saturating_sub(self.cost);
        }
    }
}

/// The network that an address is in: what one customer of a provider usually has (/24, or /48). The two kinds differ in
/// length.
fn network(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets().into_iter().take(3).collect(),
        IpAddr::V6(address) => address.octets().into_iter().take(6).collect(),
    }
}

fn fingerprint(parts: &[&[u8]]) -> Fingerprint {
    let mut context = Context::new(&SHA256);
    for part in parts {
        // With their lengths, so that no two lists of parts run into one text.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut fingerprint = [0; 16];
    fingerprint.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    fingerprint
}

#[cfg(test)]
mod tests {
    use super::*;

    struct World {
        guessing: Guessing,
        now: Timestamp,
        directory: DirectoryName,
    }

    impl World {
        fn new() -> Self {
            Self::with(GuessingLimits::default())
        }

        fn with(limits: GuessingLimits) -> Self {
            Self {
                guessing: Guessing::new(limits),
                now: Timestamp::from_seconds(1_795_421_565),
                directory: "main".parse().unwrap(),
            }
        }

        fn guess(&self, name_key: &str, from: &str) -> Result<Charge, Duration> {
            let from = from.parse().unwrap();
            self.guessing.charge(Guesser::Stranger { directory: &self.directory, name_key, from }, self.now)
        }

        fn guess_by_device(&self, user: u8, device: u8) -> Result<Charge, Duration> {
            let [user, device] = [user, device].map(|byte| OrderedId::from_bytes([byte; 16]));
            self.guessing.charge(Guesser::Device { user: UserId(user), device }, self.now)
        }

        fn forward(&mut self, seconds: u64) {
            self.now = self.now.plus(Duration::from_secs(seconds));
        }
    }

    /// How many succeed before the first that does not, and how long that one has to wait.
    fn until_refused(guess: impl Fn() -> Result<Charge, Duration>) -> (usize, u64) {
        for count in 0..1_000 {
            if let Err(wait) = guess() {
                return (count, wait.as_secs());
            }
        }
        (1_000, 0)
    }

    #[test]
    fn ten_guesses_are_free_and_then_there_is_one_in_half_a_minute() {
        let mut world = World::new();
        assert_eq!(until_refused(|| world.guess("alice", "192.0.2.1")), (10, 30));
        world.forward(29);
        assert_eq!(until_refused(|| world.guess("alice", "192.0.2.1")), (0, 1));
        world.forward(1);
        assert_eq!(until_refused(|| world.guess("alice", "192.0.2.1")), (1, 30));
        world.forward(300);
        assert_eq!(until_refused(|| world.guess("alice", "192.0.2.1")), (10, 30));
    }

    #[test]
    fn neighbours_count_together_and_other_networks_and_users_for_themselves() {
        let world = World::new();
        assert_eq!(until_refused(|| world.guess("alice", "192.0.2.1")), (10, 30));
        for same in ["192.0.2.254", "::ffff:192.0.2.7"] {
            assert_eq!(until_refused(|| world.guess("alice", same)), (0, 30), "{same}");
        }
        assert_eq!(until_refused(|| world.guess("bob", "192.0.2.1")), (10, 30));
        assert_eq!(until_refused(|| world.guess("alice", "192.0.3.1")), (10, 30));
        assert_eq!(until_refused(|| world.guess("alice", "2001:db8:1::1")), (10, 30));
        assert_eq!(until_refused(|| world.guess("alice", "2001:db8:1:ffff::1")), (0, 30));
        assert_eq!(until_refused(|| world.guess("alice", "2001:db8:2::1")), (10, 30));
        let elsewhere = World { directory: "partners".parse().unwrap(), ..world };
        assert_eq!(until_refused(|| elsewhere.guess("alice", "192.0.3.1")), (10, 30));
    }

    #[test]
    fn a_network_that_tries_many_users_is_slowed_down_as_a_whole() {
        let mut world = World::new();
        let count = std::cell::Cell::new(0);
        let spray = |world: &World| {
            count.set(count.get() + 1);
            world.guess(&format!("user-{}", count.get()), "192.0.2.1")
        };
        assert_eq!(until_refused(|| spray(&world)), (100, 1));
        world.forward(3);
        assert_eq!(until_refused(|| spray(&world)), (3, 1));
    }

    #[test]
    fn a_device_that_is_known_is_judged_by_itself_alone() {
        let world = World::new();
        assert_eq!(until_refused(|| world.guess("alice", "192.0.2.1")), (10, 30));
        assert_eq!(until_refused(|| world.guess_by_device(1, 1)), (10, 30));
        assert_eq!(until_refused(|| world.guess_by_device(1, 2)), (10, 30));
        assert_eq!(until_refused(|| world.guess_by_device(2, 1)), (10, 30));
    }

    #[test]
    fn what_was_right_costs_nothing_and_what_was_refused_neither() {
        let mut world = World::new();
        for _ in 0..1_000 {
            let charge = world.guess("alice", "192.0.2.1").unwrap();
            world.guessing.give_back(charge);
        }
        assert_eq!(until_refused(|| world.guess("alice", "192.0.2.1")), (10, 30));
        for _ in 0..1_000 {
            assert!(world.guess("alice", "192.0.2.1").is_err());
        }
        world.forward(30);
        assert!(world.guess("alice", "192.0.2.1").is_ok());
        assert_eq!(
            until_refused(|| world.guess("bob", "192.0.2.1")),
            (10, 30),
            "the network was not charged"
        );
    }

    #[test]
    fn those_who_come_when_there_is_no_room_share_a_bucket_until_others_have_recovered() {
        let mut world = World::with(GuessingLimits { at_most: 3, ..GuessingLimits::default() });
        for name in ["a", "b", "c"] {
            assert!(world.guess(name, "192.0.2.1").is_ok());
        }
        assert!((0..7).all(|_| world.guess("d", "192.0.2.1").is_ok()));
        assert_eq!(until_refused(|| world.guess("e", "192.0.2.1")), (3, 30), "d and e are one");
        assert_eq!(until_refused(|| world.guess("a", "192.0.2.1")), (9, 30), "a has its own");
        world.forward(31);
        assert_eq!(until_refused(|| world.guess("e", "192.0.2.1")), (10, 30), "b and c have recovered");
        let Guessing(Some(tables)) = &world.guessing else { unreachable!("it is on") };
        assert_eq!(tables.lock().unwrap().users.recovered_at.len(), 2, "a and e");
    }

    #[test]
    fn a_clock_that_steps_back_locks_nobody_out() {
        let mut world = World::new();
        assert_eq!(until_refused(|| world.guess("alice", "192.0.2.1")), (10, 30));
        world.now = world.now.minus(Duration::from_secs(86_400));
        assert_eq!(until_refused(|| world.guess("alice", "192.0.2.1")), (0, 30));
        world.forward(30);
        assert!(world.guess("alice", "192.0.2.1").is_ok());
    }

    #[test]
    fn it_can_be_switched_off() {
        let world = World { guessing: Guessing::off(), ..World::new() };
        assert_eq!(until_refused(|| world.guess("alice", "192.0.2.1")), (1_000, 0));
    }
}
