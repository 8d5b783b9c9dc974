//! How a store is doing: counted as it happens, and looked at by whoever watches the server.
//!
//! Nothing here knows a format, a name on a dashboard, or who asks. Everything is an atomic number, so that counting costs
//! no lock and no memory.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use primitives::audit::EventKind;

/// How often something happened.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Once more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How often so far.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many there are at this moment.
#[derive(Debug, Default)]
pub struct Level(AtomicI64);

impl Level {
    /// One more.
    pub fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// One less.
    pub fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many.
    pub fn value(&self) -> u64 {
        u64::try_from(self.0.load(Ordering::Relaxed)).unwrap_or_default()
    }
}

/// How values are distributed over `N` ranges, and one beyond the last.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    bounds: [u64; N],
    counts: [AtomicU64; N],
    beyond: AtomicU64,
    sum: AtomicU64,
}

/// What was in a [`Histogram`] at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// By the largest value of each range, in order; `None` is what was beyond all of them.
    pub ranges: Vec<(Option<u64>, u64)>,
    /// All values together.
    pub sum: u64,
}

impl<const N: usize> Histogram<N> {
    /// `bounds` are the largest values of the ranges, in order.
    pub fn new(bounds: [u64; N]) -> Self {
        let counts = std::array::from_fn(|_| AtomicU64::default());
        Self { bounds, counts, beyond: AtomicU64::default(), sum: AtomicU64::default() }
    }

    /// Counts a value.
    pub fn observe(&self, value: u64) {
        let range = self.bounds.iter().zip(&self.counts).find(|(bound, _)| value <= **bound);
        range.map_or(&self.beyond, |(_, count)| count).fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// What there is so far.
    pub fn distribution(&self) -> Distribution {
        let ranges = self.bounds.iter().map(|bound| Some(*bound)).chain([None]);
        let counts = self.counts.iter().chain([&self.beyond]).map(|count| count.load(Ordering::Relaxed));
        Distribution { ranges: ranges.zip(counts).collect(), sum: self.sum.load(Ordering::Relaxed) }
    }
}

impl Distribution {
    /// How many values.
    pub fn count(&self) -> u64 {
        self.ranges.iter().map(|(_, count)| count).sum()
    }
}

/// The sizes of transactions, up to the largest that the embedded engine makes.
const JOBS: [u64; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

/// Microseconds: from a disk that caches to one that is in trouble.
const COMMIT_MICROS: [u64; 13] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// How a store is doing. What an engine does not have stays at nought.
#[derive(Debug)]
pub struct Figures {
    /// Reads that wait for their turn.
    pub reads_waiting: Level,
    /// Writes that wait for a transaction to take them in.
    pub writes_waiting: Level,
    /// Reads that were turned away, since too many were waiting.
    pub reads_turned_away: Count,
    /// Writes that were turned away, since too many were waiting.
    pub writes_turned_away: Count,
    /// Writes that were begun and failed.
    pub writes_failed: Count,
    /// How many writes each transaction had that was committed.
    pub transaction_jobs: Histogram<11>,
    /// How long it took until each of them was on the disk, in microseconds.
    pub commit_micros: Histogram<13>,
    outcomes: [Count; EventKind::ALL.len()],
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            reads_waiting: Level::default(),
            writes_waiting: Level::default(),
            reads_turned_away: Count::default(),
            writes_turned_away: Count::default(),
            writes_failed: Count::default(),
            transaction_jobs: Histogram::new(JOBS),
            commit_micros: Histogram::new(COMMIT_MICROS),
            outcomes: std::array::from_fn(|_| Count::default()),
        }
    }
}

impl Figures {
    /// An outcome is in the audit log, and there to stay.
    pub fn tell(&self, kind: EventKind) {
        let mut counts = EventKind::ALL.iter().zip(&self.outcomes);
        if let Some((_, count)) = counts.find(|(known, _)| **known == kind) {
            count.add();
        }
    }

    /// How often each kind of outcome was told since the store was opened, by this process alone.
    pub fn outcomes(&self) -> impl Iterator<Item = (EventKind, u64)> {
        EventKind::ALL.into_iter().zip(&self.outcomes).map(|(kind, count)| (kind, count.value()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_counted_in_the_first_range_that_has_room_for_it() {
        let sizes = Histogram::new([1, 4, 16]);
        for value in [0, 1, 2, 4, 5, 16, 17, 1_000] {
            sizes.observe(value);
        }
        let found = sizes.distribution();
        assert_eq!(found.ranges, [(Some(1), 2), (Some(4), 2), (Some(16), 2), (None, 2)]);
        assert_eq!((found.sum, found.count()), (1_045, 8));
    }

    #[test]
    fn what_went_below_nought_is_shown_as_nothing() {
        let level = Level::default();
        level.down();
        assert_eq!(level.value(), 0);
        level.up();
        level.up();
        assert_eq!(level.value(), 1);
    }

    #[test]
    fn outcomes_are_counted_by_kind() {
        let figures = Figures::default();
        figures.tell(EventKind::RefreshTokenReused);
        figures.tell(EventKind::RefreshTokenReused);
        figures.tell(EventKind::SessionRevoked);
        let told: Vec<_> = figures.outcomes().filter(|(_, count)| *count > 0).collect();
        assert_eq!(told, [(EventKind::RefreshTokenReused, 2), (EventKind::SessionRevoked, 1)]);
    }
}
