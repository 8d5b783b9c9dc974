//! Text that people will look at, on a page or in a log.

use primitives::deception::{deceives, is_joiner};

/// Whether a text is what it seems to be: no control characters, none that turn the direction of the text, none that
/// nobody sees. What is wrong with it, where it is not.
pub(super) fn check(text: &str) -> Result<(), String> {
    let mut before = None;
    for c in text.chars() {
        if deceives(c) && !joins(before, c) {
            return Err(format!("has the invisible character U+{:04X}: leave it out", u32::from(c)));
        }
        before = Some(c);
    }
    if text.trim().is_empty() { Err("is blank: leave it out instead".to_owned()) } else { Ok(()) }
}

/// Some scripts are not written without joiners, and some pictures not without their variant: behind a letter beyond
/// ASCII they belong to it.
fn joins(before: Option<char>, c: char) -> bool {
    is_joiner(c) && before.is_some_and(|before| !before.is_ascii() && !deceives(before))
        || c == '\u{200d}' && before == Some('\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_refused_by_number() {
        for hidden in [
            '\u{0}',
            '\u{a}',
            '\u{7f}',
            '\u{85}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{2028}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2800}',
            '\u{3164}',
            '\u{feff}',
            '\u{fff9}',
            '\u{e000}',
            '\u{e0041}',
        ] {
            let said = check(&format!("Ba{hidden}nk")).unwrap_err();
            assert_eq!(
                said,
                format!("has the invisible character U+{:04X}: leave it out", u32::from(hidden))
            );
        }
        for blank in ["", " ", "\u{3000}"] {
            assert_eq!(check(blank), Err("is blank: leave it out instead".to_owned()));
        }
    }

    #[test]
    fn every_script_can_be_written() {
        for good in [
            "Field app 4.1 (beta)",
            "\u{30af}\u{30e9}\u{30a4}\u{30a2}\u{30f3}\u{30c8}",
            // Persian with its zero-width non-joiner.
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            // A family, and a red heart.
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "\u{2764}\u{fe0f}",
            "\u{2764}\u{fe0f}\u{200d}\u{1f525}",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }
}
