//! The port to where definitions are kept, with every revision they ever had.

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;
use primitives::audit::Event;
use primitives::names::ProfileName;
use primitives::store::StoreError;
use registration::client::TemplateId;
use registration::definitions::Revision;
use serde_json::Value;

/// What a definition is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefinitionKind {
    /// The profile itself. There is one, and its id is empty.
    Profile,
    /// A template.
    Template,
    /// A client of the operator's.
    Client,
}

impl DefinitionKind {
    /// The kind of a word at rest.
    pub fn named(word: &str) -> Option<Self> {
        [Self::Profile, Self::Template, Self::Client].into_iter().find(|kind| kind.as_str() == word)
    }

    /// The word at rest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Template => "template",
            Self::Client => "client",
        }
    }
}

/// A definition, as its operator wrote it down.
#[derive(Clone, Debug, PartialEq)]
pub struct DefinitionDocument {
    /// What it is of.
    pub kind: DefinitionKind,
    /// Which.
    pub id: String,
    /// What it says.
    pub document: Value,
}

/// All definitions of a profile, as one owner (the file) wants them to be.
#[derive(Clone, Debug)]
pub struct Provision {
    /// All of them. What is kept and not among them is removed.
    pub documents: Vec<DefinitionDocument>,
    /// Who wants it so.
    pub made_by: String,
    /// What the audit log says if anything changes. The profile is the event's; the store adds revision and changes.
    pub event: Event,
}

/// One definition that became another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it is of.
    pub kind: DefinitionKind,
    /// Which.
    pub id: String,
    /// What happened to it: `added`, `changed` or `removed`.
    pub what: &'static str,
}

impl fmt::Display for Change {
    /// As in `template field-app changed`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, id, what } = self;
        let space = if id.is_empty() { "" } else { " " };
        write!(formatter, "{}{space}{id} {what}", kind.as_str())
    }
}

/// What is kept after a [`Provision`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisioned {
    /// The revision that the definitions now have: a new one if anything changed.
    pub revision: Revision,
    /// What changed.
    pub changes: Vec<Change>,
    /// Every template id that the profile has or had.
    pub template_ids_ever: BTreeSet<TemplateId>,
}

/// The definitions of a profile, as they are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptDefinitions {
    /// The revision that they are at.
    pub revision: Revision,
    /// All of them; none, where the profile was removed.
    pub documents: Vec<DefinitionDocument>,
    /// Every template id that the profile has or had.
    pub template_ids_ever: BTreeSet<TemplateId>,
}

/// Where definitions are kept.
#[async_trait]
pub trait DefinitionStore: Send + Sync {
    /// Makes the definitions of profiles what they are to be, of all of them in one transaction; the answers are in the
    /// order of the questions. A profile that was unknown is known afterwards; nothing else can be kept for it before.
    async fn provision(&self, provisions: Vec<Provision>) -> Result<Vec<Provisioned>, StoreError>;

    /// Every profile that was ever provisioned.
    async fn profiles_ever(&self) -> Result<Vec<ProfileName>, StoreError>;

    /// The revision that a profile's definitions are at. It is no older than the question: what was acknowledged before,
    /// to whatever node, is seen.
    async fn revision(&self, profile: &ProfileName) -> Result<Revision, StoreError>;

    /// A profile's definitions, as they are kept now.
    async fn definitions(&self, profile: &ProfileName) -> Result<KeptDefinitions, StoreError>;

    /// Waits until definitions may have changed that another node, or nobody, has told of. Where no other node can change
    /// any, it waits for ever.
    async fn wait_for_change(&self);
}
