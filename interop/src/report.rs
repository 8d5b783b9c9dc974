//! What was seen, and whether `docs/interop.md` says the same.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};

/// What a library is looked at for; the columns of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    Discovery,
    Registration,
    Code,
    Iss,
    IdToken,
    Userinfo,
    Refresh,
    Introspection,
    Revocation,
    /// That something was refused, seen as the library tells it.
    Refusal,
    /// A client without a credential.
    Public,
    PrivateKeyJwt,
    /// A page of another origin may ask.
    Browser,
}

impl Topic {
    const ALL: [Self; 13] = [
        Self::Discovery,
        Self::Registration,
        Self::Code,
        Self::Iss,
        Self::IdToken,
        Self::Userinfo,
        Self::Refresh,
        Self::Introspection,
        Self::Revocation,
        Self::Refusal,
        Self::Public,
        Self::PrivateKeyJwt,
        Self::Browser,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Registration => "registration",
            Self::Code => "code",
            Self::Iss => "iss",
            Self::IdToken => "id-token",
            Self::Userinfo => "userinfo",
            Self::Refresh => "refresh",
            Self::Introspection => "introspection",
            Self::Revocation => "revocation",
            Self::Refusal => "refusal",
            Self::Public => "public",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::Browser => "browser",
        }
    }

    /// What every library is taken through, if need be by hand.
    const fn is_for_all(self) -> bool {
        !matches!(self, Self::IdToken | Self::Userinfo | Self::Public | Self::PrivateKeyJwt | Self::Browser)
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Library,
    /// The library cannot; this is what one does beside it.
    Hand,
}

impl By {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Library => "yes",
            Self::Hand => "by hand",
        }
    }
}

/// What one library did.
#[derive(Debug)]
pub(crate) struct Report {
    name: String,
    version: String,
    seen: BTreeMap<Topic, By>,
    count: usize,
}

impl Report {
    pub(crate) fn begin(name: &str, version: &str) -> Self {
        println!("{name} {version}");
        Self { name: name.to_owned(), version: version.to_owned(), seen: BTreeMap::new(), count: 0 }
    }

    /// Notes that something held.
    pub(crate) fn check(&mut self, topic: Topic, by: By, sentence: &str) {
        println!("  {:<15} {:<7} {sentence}", topic.as_str(), by.as_str());
        // What was done by hand in one place and by the library in another, the library can do.
        let seen = self.seen.entry(topic).or_insert(by);
        if by == By::Library {
            *seen = by;
        }
        self.count += 1;
    }

    /// Reads a line of a program: `check`, topic, `yes` or `by hand`, and a sentence, with tabs between.
    pub(crate) fn read(&mut self, line: &str) -> anyhow::Result<()> {
        let mut parts = line.splitn(4, '\t');
        let (Some("check"), Some(topic), Some(by), Some(sentence)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            println!("  {line}");
            return Ok(());
        };
        let topic = Topic::ALL.into_iter().find(|known| known.as_str() == topic);
        let topic = topic.with_context(|| format!("there is no such topic: {line}"))?;
        let by = [By::Library, By::Hand].into_iter().find(|known| known.as_str() == by);
        self.check(topic, by.with_context(|| format!("who did it? {line}"))?, sentence);
        Ok(())
    }

    /// Makes sure that nothing was passed over.
    pub(crate) fn end(&self) -> anyhow::Result<()> {
        let missing: Vec<&str> = Topic::ALL
            .into_iter()
            .filter(|topic| topic.is_for_all() && !self.seen.contains_key(topic))
            .map(Topic::as_str)
            .collect();
        if missing.is_empty() { Ok(()) } else { bail!("nothing was seen of: {}", missing.join(", ")) }
    }

    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// Its row of the table.
    fn row(&self) -> String {
        let cells: Vec<&str> =
            Topic::ALL.iter().map(|topic| self.seen.get(topic).map_or("–", |by| by.as_str())).collect();
        format!("| {} {} | {} |", self.name, self.version, cells.join(" | "))
    }
}

/// What is said of a library that failed.
pub(crate) fn failure(name: &str, error: &anyhow::Error) -> String {
    let text = format!("{name}: {error:#}");
    println!("  FAILED {text}");
    text
}

/// Compares what was seen with the table. A row has the library with its version, then a cell for each topic.
pub(crate) fn differences_from_the_document(reports: &[Report]) -> anyhow::Result<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("docs").join("interop.md");
    let text = std::fs::read_to_string(&path).context("docs/interop.md")?;
    let rows: Vec<&str> = text.lines().map(str::trim).collect();
    let wrong = reports.iter().map(Report::row).filter(|row| !rows.contains(&row.as_str()));
    Ok(wrong.map(|row| format!("docs/interop.md has not this row: {row}")).collect())
}
