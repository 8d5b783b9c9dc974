//! Rows that are on their way to PostgreSQL: a list for each column, which `unnest` makes rows of again.

use primitives::audit::Event;
use serde_json::Value;
use uuid::Uuid;

use super::values::uuid;

/// Rows of `audit_events`, each with the row that it tells of.
#[derive(Default)]
pub(super) struct Events<'a> {
    /// The place, among the questions, of the one that brought it about.
    pub(super) of: Vec<i32>,
    pub(super) profiles: Vec<i32>,
    pub(super) ids: Vec<Uuid>,
    pub(super) kinds: Vec<&'a str>,
    pub(super) client_ids: Vec<Option<&'a str>>,
    pub(super) subjects: Vec<Option<&'a str>>,
    pub(super) details: Vec<String>,
}

impl<'a> Events<'a> {
    pub(super) fn push(&mut self, of: i32, profile: i32, event: &'a Event) {
        self.of.push(of);
        self.profiles.push(profile);
        self.ids.push(uuid(event.id));
        self.kinds.push(event.kind.as_str());
        self.client_ids.push(event.client_id.as_deref());
        self.subjects.push(event.subject.as_deref());
        self.details.push(Value::Object(event.detail.clone()).to_string());
    }
}
