//! Many users from a file, a line of JSON for each.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use identity::claims::StandardClaims;
use identity::manage::{self, Directory, ManageError, NewCredential, NewUser};
use identity::password::{NewPassword, PasswordHash};
use identity::user::Username;
use protocol::description::quoted;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::super::say;

/// The most users of one file: all of them are added in one transaction, which other writers wait for.
const MAX_USERS: usize = 10_000;
/// The most bytes of a file.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// The most problems that are told.
const MAX_PROBLEMS: usize = 50;

/// What stands in a file.
pub(super) struct Import {
    users: Vec<NewUser>,
    /// The line of each, from 1.
    lines: Vec<usize>,
}

/// Something that is wrong in a line. It never has a password in it, and no hash of one.
struct Problem {
    line: usize,
    what: String,
}

impl Import {
    /// Reads a file, and names every problem in it.
    pub(super) fn read(file: &Path) -> anyhow::Result<Self> {
        let named = || file.display().to_string();
        let mut text = Zeroizing::new(String::new());
        File::open(file)
            .with_context(named)?
            .take(MAX_BYTES + 1)
            .read_to_string(&mut text)
            .with_context(named)?;
        if text.len() as u64 > MAX_BYTES {
            bail!("{} has more than 64 MiB", file.display());
        }
        let (import, problems) = Self::parse(&text);
        if import.lines.len() > MAX_USERS {
            bail!("{} has more than {MAX_USERS} users: import them in parts", file.display());
        }
        if import.lines.is_empty() && problems.is_empty() {
            bail!("{} has nobody in it", file.display());
        }
        refuse(&problems)?;
        Ok(import)
    }

    fn parse(text: &str) -> (Self, Vec<Problem>) {
        let mut import = Self { users: Vec::new(), lines: Vec::new() };
        let mut problems = Vec::new();
        let filled = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        for (number, line) in filled.take(MAX_USERS + 1) {
            match new_user(line) {
                Ok(user) => {
                    import.users.push(user);
                    import.lines.push(number);
                }
                Err(found) => problems.extend(found.into_iter().map(|what| Problem { line: number, what })),
            }
        }
        (import, problems)
    }

    /// Adds all of them or none; says how many.
    pub(super) async fn carry_out(self, directory: &Directory<'_>) -> anyhow::Result<usize> {
        let names: Vec<_> = self.users.iter().map(|user| user.username.clone()).collect();
        match manage::import(self.users, directory).await {
            Ok(ids) => Ok(ids.len()),
            Err(ManageError::NamesTaken(places)) => {
                let taken = places.iter().filter_map(|place| self.lines.get(*place).zip(names.get(*place)));
                let problem = |(line, name): (&usize, &Username)| Problem {
                    line: *line,
                    what: format!(
                        "username {} is taken, or stands in an earlier line",
                        quoted(name.as_str())
                    ),
                };
                refuse(&taken.map(problem).collect::<Vec<_>>())?;
                bail!("a name is taken")
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Tells the problems, if there are any.
fn refuse(problems: &[Problem]) -> anyhow::Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    for Problem { line, what } in problems.iter().take(MAX_PROBLEMS) {
        say(format_args!("line {line}: {what}"));
    }
    if problems.len() > MAX_PROBLEMS {
        say(format_args!("and {} more", problems.len() - MAX_PROBLEMS));
    }
    bail!("nobody was added: {} problem(s)", problems.len())
}

/// Reads a line, and says everything that is wrong with it.
fn new_user(line: &str) -> Result<NewUser, Vec<String>> {
    // It is read as a text of its own, so its first line is meant.
    let of_the_line =
        |error: protocol::json::JsonError| error.to_string().replace(" at line 1 column", " at column");
    let mut members = protocol::json::object(line.as_bytes()).map_err(|error| vec![of_the_line(error)])?;
    let mut problems = Vec::new();
    let username = username(members.remove("username"));
    let password = credential(&mut members);
    let claims = claims(members.remove("claims"));
    problems.extend(members.keys().map(|name| format!("{} is no member of a user", quoted(name))));
    let username = good(username, &mut problems);
    let password = good(password, &mut problems);
    let claims = good(claims, &mut problems);
    match (username, password, claims) {
        (Some(username), Some(password), Some(claims)) if problems.is_empty() => {
            Ok(NewUser { username, password, claims })
        }
        _ => Err(problems),
    }
}

fn good<T>(found: Result<T, Vec<String>>, problems: &mut Vec<String>) -> Option<T> {
    found.map_err(|found| problems.extend(found)).ok()
}

fn username(value: Option<Value>) -> Result<Username, Vec<String>> {
    match value {
        Some(Value::String(name)) => name.parse().map_err(|error| vec![format!("username: {error}")]),
        Some(_) => Err(vec!["username must be a string".to_owned()]),
        None => Err(vec!["username is missing".to_owned()]),
    }
}

fn credential(members: &mut Map<String, Value>) -> Result<NewCredential, Vec<String>> {
    match (members.remove("password"), members.remove("password_hash")) {
        (Some(Value::String(password)), None) => NewPassword::parse(Zeroizing::new(password))
            .map(NewCredential::Password)
            .map_err(|error| vec![format!("password: {error}")]),
        (None, Some(Value::String(hash))) => PasswordHash::parse(&hash)
            .map(NewCredential::Hash)
            .map_err(|error| vec![format!("password_hash: {error}")]),
        (Some(_), Some(_)) => Err(vec!["has both password and password_hash: which is it?".to_owned()]),
        (None, None) => Err(vec!["password or password_hash is missing".to_owned()]),
        (Some(_), None) => Err(vec!["password must be a string".to_owned()]),
        (None, Some(_)) => Err(vec!["password_hash must be a string".to_owned()]),
    }
}

fn claims(value: Option<Value>) -> Result<StandardClaims, Vec<String>> {
    match value {
        Some(Value::Object(claims)) => StandardClaims::parse(claims)
            .map_err(|problems| problems.iter().map(|problem| format!("claims: {problem}")).collect()),
        Some(_) => Err(vec!["claims must be an object".to_owned()]),
        None => Ok(StandardClaims::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_told_with_its_line_and_none_with_a_password() {
        let text = r#"
            {"username": "alice", "password": "secret-password"}
            {"username": "", "password": "secret!", "claims": {"name": 1, "sub": "x"}, "shoe": 1}
            {"password": 1, "claims": []}

            {"username": 7, "password_hash": "$2b$secret-hash"}
            {"username": "bob", "password": "secret-password", "password_hash": "secret-hash"}
            {"username": "bob", "password": "secret-password", "password": "secret-other"}
            {"username": "bob", "password": "secret-password"
            {"username": "carol"}"#;
        let (import, problems) = Import::parse(text);
        assert_eq!(import.lines, [2]);
        let told: Vec<_> = problems.iter().map(|Problem { line, what }| format!("{line}: {what}")).collect();
        let expected = [
            "3: 'shoe' is no member of a user",
            "3: username: a user name is not blank",
            "3: password: a password has at least 8 and at most 1024 bytes",
            "3: claims: name must be a string",
            "3: claims: sub is the server's to give",
            "4: username is missing",
            "4: password must be a string",
            "4: claims must be an object",
            "6: username must be a string",
            "6: password_hash: not a PHC string of argon2id, as in $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>",
            "7: has both password and password_hash: which is it?",
            "8: the member 'password' stands twice at column 90",
            "9: EOF while parsing an object at column 61",
            "10: password or password_hash is missing",
        ];
        assert_eq!(told, expected);
        assert!(!told.concat().contains("secret"));
    }

    #[test]
    fn a_file_has_a_bounded_number_of_users() {
        let text = r#"{"username": "a", "password": "12345678"}"#.to_owned()
            + "
";
        let (import, _) = Import::parse(&text.repeat(MAX_USERS + 5));
        assert_eq!(import.lines.len(), MAX_USERS + 1, "enough to see that there are too many");
    }
}
