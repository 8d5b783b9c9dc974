//! A password from standard input.

use std::io::{BufRead, IsTerminal, Stdin, Write, stdin};

use anyhow::{Context, bail};
use identity::password::{MAX_LENGTH, NewPassword};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// Reads one line. Where somebody types it, they are asked, and it is not shown.
pub(super) fn read() -> anyhow::Result<NewPassword> {
    let stdin = stdin();
    let _hidden = if stdin.is_terminal() { Some(Hidden::ask(&stdin)?) } else { None };
    parse(stdin.lock())
}

fn parse(input: impl BufRead) -> anyhow::Result<NewPassword> {
    // One byte more than a password has, and the end of the line: a longer one is refused, not cut off.
    let most = MAX_LENGTH + 3;
    let mut line = Zeroizing::new(Vec::with_capacity(most));
    input.take(most as u64).read_until(b'\n', &mut line).context("standard input")?;
    if line.is_empty() {
        bail!("there is no password on standard input: it is one line of it");
    }
    let text = line.strip_suffix(b"\n").unwrap_or(&line);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let Ok(text) = std::str::from_utf8(text) else { bail!("the password is not UTF-8") };
    Ok(NewPassword::parse(Zeroizing::new(text.to_owned()))?)
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden<'a> {
    terminal: &'a Stdin,
    before: Termios,
}

impl<'a> Hidden<'a> {
    fn ask(terminal: &'a Stdin) -> anyhow::Result<Self> {
        let before = tcgetattr(terminal).context("the terminal")?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        // The end of the line may be seen: the next output then begins a new one.
        hidden.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(terminal, OptionalActions::Flush, &hidden).context("the terminal")?;
        let hidden = Self { terminal, before };
        let mut screen = std::io::stderr();
        write!(screen, "Password: ").and_then(|()| screen.flush()).context("standard error")?;
        Ok(hidden)
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        if let Err(error) = tcsetattr(self.terminal, OptionalActions::Now, &self.before) {
            tracing::warn!(%error, "the terminal may go on hiding what is typed: `stty echo` shows it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(input: &[u8]) -> String {
        parse(input).unwrap_err().to_string()
    }

    #[test]
    fn a_password_is_one_line_without_its_end() {
        for line in ["12345678", "12345678\n", "12345678\r\n", "12345678\nnext line"] {
            assert!(parse(line.as_bytes()).is_ok(), "{line:?}");
        }
        for short in ["1234567\n", "1234567\r\n", "\n", "1234567\n8"] {
            assert!(refused(short.as_bytes()).contains("at least 8"), "{short:?}");
        }
        assert!(parse("x".repeat(1_024).as_bytes()).is_ok());
        assert!(refused("x".repeat(1_025).as_bytes()).contains("at most 1024"));
        assert!(refused("x".repeat(5_000).as_bytes()).contains("at most 1024"));
        assert!(refused(b"").contains("no password on standard input"));
        assert!(refused(b"\xff12345678").contains("UTF-8"));
    }
}
