//! What is said of a file that is no configuration at all. The text of the file is not shown: people put secrets into the
//! wrong places, and what is said here ends up in logs.

/// Where it is, and what is wrong.
pub(super) fn shown(error: &toml::de::Error, text: &str) -> String {
    let Some(span) = error.span() else { return without_values(error.message()) };
    let before = text.get(..span.start).unwrap_or_default();
    let number = before.matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default();
    let key = line.split_once('=').map(|(key, _)| key.trim()).filter(|key| is_key(key));
    let at = key.map_or_else(|| format!("line {number}"), |key| format!("line {number}, {key}"));
    let hint = match key {
        Some("access") => {
            "; write access = \"open\", access = { clients = [\"ID\"] } or access = { users = [\"ID\"] }"
        }
        Some("client_secret") => "; a secret never stands here: use client_secret_sha256, _file or _env",
        Some("key_encryption_key") => "; a key never stands here: use key_encryption_key_file or _env",
        _ => "",
    };
    format!("{at}: {}{hint}", without_values(error.message()))
}

fn is_key(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// Messages about types quote the value that was found.
fn without_values(message: &str) -> String {
    for beginning in ["invalid type: string \"", "invalid value: string \""] {
        if let Some(rest) = message.strip_prefix(beginning)
            && let Some((_value, expected)) = rest.rsplit_once("\", expected ")
        {
            return format!("is a string, and should be {expected}");
        }
    }
    if message.starts_with("unknown variant `")
        && let Some((_value, expected)) = message.rsplit_once("`, expected ")
    {
        return format!("is a word that is not known here: expected {expected}");
    }
    message.to_owned()
}
