//! Secrets come by file or by environment, and never stand in the configuration itself.

use std::path::Path;

use issuance::signing_keys::KeyEncryptionKey;
use primitives::secret::SecretHash;
use zeroize::Zeroizing;

use super::document::{ClientDocument, ConfigDocument};
use super::{Problem, problem};

/// The shortest secret that an operator may choose. What `matricula secret` makes has 47 characters.
const MIN_SECRET: usize = 32;

pub(super) fn key_encryption_key(
    document: &ConfigDocument,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<KeyEncryptionKey> {
    let (at, text) = match &document.key_encryption_key_file {
        Some(file) => ("key_encryption_key_file", read_file(file, folder)),
        None => ("key_encryption_key_env", read_environment(&document.key_encryption_key_env)),
    };
    match text.and_then(|text| KeyEncryptionKey::parse(&text).map_err(|error| error.to_string())) {
        Ok(key) => Some(key),
        Err(why) => {
            problem(problems, at, why);
            None
        }
    }
}

/// The password of the database, where one is stated. A database may let the user of a socket in without.
pub(super) fn store_password(
    document: &ConfigDocument,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<Zeroizing<String>> {
    let Some(file) = &document.store_password_file else {
        return std::env::var(&document.store_password_env).ok().map(Zeroizing::new);
    };
    match read_file(file, folder) {
        Ok(text) => Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())),
        Err(why) => {
            problem(problems, "store_password_file", why);
            None
        }
    }
}

/// The hash of a client's secret, where it has one.
pub(super) fn client_secret(
    document: &ClientDocument,
    at: &str,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<SecretHash> {
    let ClientDocument { client_secret_sha256, client_secret_file, client_secret_env, .. } = document;
    let stated = [
        client_secret_sha256.as_ref().map(|hash| ("client_secret_sha256", read_hash(hash))),
        client_secret_file
            .as_ref()
            .map(|file| ("client_secret_file", read_file(file, folder).and_then(|s| hash(&s)))),
        client_secret_env
            .as_ref()
            .map(|name| ("client_secret_env", read_environment(name).and_then(|s| hash(&s)))),
    ];
    let mut stated = stated.into_iter().flatten();
    let (name, secret) = stated.next()?;
    if let Some((second, _)) = stated.next() {
        problem(problems, format!("{at}.{second}"), format!("stands beside {name}: one of them is enough"));
    }
    match secret {
        Ok(hash) => Some(hash),
        Err(why) => {
            problem(problems, format!("{at}.{name}"), why);
            None
        }
    }
}

/// Whoever writes the secret itself where its place belongs does not find it in the log.
fn read_file(file: &str, folder: &Path) -> Result<String, String> {
    std::fs::read_to_string(folder.join(file)).map_err(|error| {
        format!("the file that it names cannot be read ({error}); relative paths begin at the folder of the configuration")
    })
}

fn read_environment(name: &str) -> Result<String, String> {
    std::env::var(name)
        .map_err(|_missing| "the environment variable that it names is not set, or is not text".to_owned())
}

fn hash(secret: &str) -> Result<SecretHash, String> {
    let secret = secret.trim();
    if secret.len() < MIN_SECRET {
        return Err(format!(
            "the secret is shorter than {MIN_SECRET} characters: make one with 'matricula secret'"
        ));
    }
    // RFC 6749 §2.3.1 has clients form-encode a secret, and many do not: then these letters become others.
    if !secret.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/=:!@".contains(&b)) {
        return Err(
            "the secret has letters that clients send in different ways, as + and % are: make one with 'matricula secret'"
                .to_owned(),
        );
    }
    Ok(SecretHash::of(secret))
}

fn read_hash(hexadecimal: &str) -> Result<SecretHash, String> {
    let mut bytes = [0; 32];
    let is_hash = hexadecimal.len() == 64 && hexadecimal.bytes().all(|b| b.is_ascii_hexdigit());
    for (index, byte) in bytes.iter_mut().enumerate() {
        let digits = hexadecimal.get(2 * index..2 * index + 2).filter(|_| is_hash);
        *byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).ok_or(
            "is not the SHA-256 of a secret: 64 hexadecimal digits, as 'matricula secret' prints them",
        )?;
    }
    let hash = SecretHash::from_bytes(bytes);
    if hash.is_of("") {
        Err("is the hash of nothing: make a secret with 'matricula secret'".to_owned())
    } else {
        Ok(hash)
    }
}
