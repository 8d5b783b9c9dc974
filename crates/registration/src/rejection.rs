//! Why metadata was not admitted.

use protocol::client_metadata::Member;
use protocol::registration_error::{Place, Problem, RegistrationError};

/// Metadata was rejected (RFC 7591 §3.2.2), for at least one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection(Vec<Problem>);

impl Rejection {
    /// One reason.
    pub fn of(member: Member, text: impl Into<String>) -> Self {
        Self(vec![Problem::whole(member, text)])
    }

    /// Each reason, in the order in which it was found.
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }

    /// The answer on the wire.
    pub fn to_wire(&self) -> RegistrationError {
        RegistrationError::of(&self.0)
    }
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("; ")?;
            }
            write!(formatter, "{problem}")?;
        }
        Ok(())
    }
}

/// Collects problems, so that one answer tells of all of them.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a problem of a value as a whole.
    pub fn add(&mut self, member: Member, text: impl Into<String>) {
        self.0.push(Problem::whole(member, text));
    }

    /// Notes a problem of a part of a value.
    pub fn add_at(&mut self, member: Member, place: Place, text: impl Into<String>) {
        self.0.push(Problem { member, place, text: text.into() });
    }

    /// Takes over what somebody else noted.
    pub fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.0.extend(problems);
    }

    /// The value, where nothing is wrong with it.
    ///
    /// # Errors
    /// Everything that was noted.
    pub fn unless_any<T>(self, value: T) -> Result<T, Rejection> {
        if self.0.is_empty() { Ok(value) } else { Err(Rejection(self.0)) }
    }
}

impl From<Vec<Problem>> for Rejection {
    /// From the problems that a reader of the wire found. An empty list would be a rejection without a reason; there
    /// is no such reader.
    fn from(problems: Vec<Problem>) -> Self {
        Self(problems)
    }
}
