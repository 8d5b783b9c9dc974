//! The authorization endpoint (RFC 6749 §3.1, OAuth 2.1 §3.1, OpenID Connect Core §3.1.2), and the endpoint for pages
//! of registered origins, which asks the same questions.
//!
//! A request goes through the same four steps whenever it is looked at, when it comes in and each time a person has
//! answered something:
//!
//! 1. [`Inquiry`]: who asks, and where an answer may be sent. Until that is known nothing is sent anywhere.
//! 2. [`Asked`]: what is asked for, and whether that makes sense from this client.
//! 3. [`decide`]: what a person has to be asked before, if anything.
//! 4. [`Answer`]: a code, a token to register with, or an error.
//!
//! What waits for a person is a [`PendingRequest`]. It is judged anew each time, so a template that changes meanwhile is
//! heeded.

mod answer;
mod asked;
mod consent;
mod decision;
mod inquiry;
mod pending;

pub use answer::{
    Answer, AnswerError, CodeRecord, GivenConsent, NewCode, NewInitialAccessToken, deny, grant, refuse,
};
pub(crate) use answer::{for_user, parse_code};
pub use asked::{Asked, Wants};
pub use decision::{Next, Person, decide};
pub use inquiry::{Endpoint, Inquiry, ReplyTo, Unanswerable};
pub use pending::{Handle, KeepError, PendingRequest, Progress, ResumeError, keep, resume};
