//! Characters that make a text look like what it is not, on a page or in a log.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Whether nobody sees a character, or it turns the direction of the text or controls something. The joiners and variants
/// that some scripts and pictures need are among them: who may have them decides beside.
pub fn deceives(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || matches!(
            CodePointMapData::<GeneralCategory>::new().get(c),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
                | GeneralCategory::PrivateUse
                | GeneralCategory::Unassigned
        )
        // Braille without any dot: a letter by its category, and blank.
        || c == '\u{2800}'
}

/// Whether a character is one of those that some scripts and pictures are not written without.
pub fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0f}')
}

/// Whether a character is a space, but not the one that a key makes.
pub fn is_odd_space(c: char) -> bool {
    c != ' ' && CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::SpaceSeparator
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_or_what_turns_the_text_deceives() {
        for hidden in [
            '\0', '\n', '\u{7f}', '\u{ad}', '\u{200b}', '\u{202e}', '\u{2066}', '\u{e000}', '\u{2800}',
            '\u{feff}',
        ] {
            assert!(deceives(hidden), "U+{:04X}", u32::from(hidden));
        }
        for seen in ['a', ' ', '\u{e4}', '\u{6cc}', '\u{3042}', '\u{1f600}', '\u{a0}'] {
            assert!(!deceives(seen), "U+{:04X}", u32::from(seen));
        }
        assert!(is_joiner('\u{200d}') && deceives('\u{200d}'));
        assert!(is_odd_space('\u{a0}') && !is_odd_space(' ') && !is_odd_space('x'));
    }
}
