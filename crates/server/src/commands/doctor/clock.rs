//! What time it is. Tokens end by it, and the audit log is in its order.

use std::time::Duration;

use primitives::clock::Timestamp;

use super::finding::Finding;

const ABOUT: &str = "clock";

/// This version was written after that: 1 November 2026.
const WRITTEN: Timestamp = Timestamp::from_seconds(1_793_491_200);

/// And will hardly run then: 1 January 2100.
const MUCH_LATER: Timestamp = Timestamp::from_seconds(4_102_444_800);

/// What clocks that are kept in step are apart, at the most.
const APART: Duration = Duration::from_secs(2);

/// `newest` is what the store knows to have happened.
pub(super) fn look(now: Timestamp, newest: Option<Timestamp>) -> Finding {
    if now < WRITTEN || now > MUCH_LATER {
        let text = format!("it is {now}, says the system, which cannot be");
        return Finding::problem(
            ABOUT,
            text,
            "set the clock, and have it kept (NTP), before the server starts",
        );
    }
    match newest {
        Some(newest) if newest > now.plus(APART) => Finding::problem(
            ABOUT,
            format!("it is {now}, says the system, and the store has something of {newest}"),
            "set the clock, and have it kept (NTP): tokens end by it. If the other clock was the wrong one, wait until \
             that time has come",
        ),
        Some(_) => Finding::ok(ABOUT, format!("it is {now}, and nothing in the store is of later")),
        None => Finding::ok(ABOUT, format!("it is {now}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_421_565);

    #[test]
    fn a_clock_that_is_behind_what_was_written_is_wrong() {
        let state = |ahead: u64| look(NOW, Some(NOW.plus(Duration::from_millis(ahead)))).state;
        assert_eq!(look(NOW, None).state, State::Ok);
        assert_eq!(look(NOW, Some(NOW.minus(Duration::from_secs(9)))).state, State::Ok);
        assert_eq!((state(2_000), state(2_001)), (State::Ok, State::Problem));
    }

    #[test]
    fn a_clock_of_another_century_is_wrong() {
        for seconds in [0, 1_000_000_000, 5_000_000_000] {
            assert_eq!(look(Timestamp::from_seconds(seconds), None).state, State::Problem, "{seconds}");
        }
    }
}
