//! Text that others wrote, as it may be seen.

use std::fmt::{self, Write};

use primitives::deception::{deceives, is_joiner};

/// The most characters that are shown of one text. What is longer is no text for people.
const MAX_SHOWN: usize = 1_000;

/// A text in which every character that deceives is seen as U+FFFD. Joiners stay: some scripts and pictures are not written
/// without them. Escaping is left to the template.
#[derive(Clone, Copy)]
pub(super) struct Visible<'a>(pub(super) &'a str);

impl fmt::Display for Visible<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, c) in self.0.chars().enumerate() {
            if index == MAX_SHOWN {
                return formatter.write_char('\u{2026}');
            }
            formatter.write_char(if deceives(c) && !is_joiner(c) {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_the_text_is_seen_and_what_scripts_need_stays() {
        assert_eq!(Visible("moc.\u{202e}knab\u{2066}\n").to_string(), "moc.\u{fffd}knab\u{fffd}\u{fffd}");
        let persian = "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}";
        assert_eq!(Visible(persian).to_string(), persian);
    }

    #[test]
    fn no_text_floods_a_page() {
        let shown = Visible(&"x".repeat(5_000)).to_string();
        assert_eq!(shown.chars().count(), MAX_SHOWN + 1);
        assert!(shown.ends_with('\u{2026}'));
    }
}
