//! How the server is doing: counted as it happens, and shown by [`crate::operations`].
//!
//! A request costs a few atomic additions here, and neither a lock nor memory. What is told apart is a closed set of words
//! of ours: no path, no client and no user is ever a name of a figure, however many there are.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use http::{Method, StatusCode};
use storage::figures::{Count, Histogram, Level};

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A metadata document, at either of its places.
    Metadata,
    /// The keys that tokens are verified with.
    Jwks,
    /// Registration.
    Register,
    /// Tokens.
    Token,
    /// Taking a token back.
    Revoke,
    /// What is known of a token.
    Introspect,
    /// What is known of a user.
    Userinfo,
    /// Where people are sent to by clients.
    Authorize,
    /// A page of a request that waits for a person.
    Interaction,
    /// A token for a page in a frame.
    AssistedToken,
    /// Signing out.
    Logout,
    /// Nothing that there is.
    Unknown,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Metadata,
        Self::Jwks,
        Self::Register,
        Self::Token,
        Self::Revoke,
        Self::Introspect,
        Self::Userinfo,
        Self::Authorize,
        Self::Interaction,
        Self::AssistedToken,
        Self::Logout,
        Self::Unknown,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Jwks => "jwks",
            Self::Register => "register",
            Self::Token => "token",
            Self::Revoke => "revoke",
            Self::Introspect => "introspect",
            Self::Userinfo => "userinfo",
            Self::Authorize => "authorize",
            Self::Interaction => "interaction",
            Self::AssistedToken => "assisted-token",
            Self::Logout => "logout",
            Self::Unknown => "unknown",
        }
    }

    /// By a path below an issuer. What the router knows is here too; a test holds the two together.
    pub(crate) fn of(path: &str) -> Self {
        match path {
            "/token" => Self::Token,
            "/register" => Self::Register,
            "/introspect" => Self::Introspect,
            "/jwks" => Self::Jwks,
            "/userinfo" => Self::Userinfo,
            "/revoke" => Self::Revoke,
            "/authorize" => Self::Authorize,
            "/assisted-token" => Self::AssistedToken,
            "/logout" => Self::Logout,
            "/.well-known/oauth-authorization-server" | "/.well-known/openid-configuration" => Self::Metadata,
            _ if path.starts_with("/authorize/") => Self::Interaction,
            _ => Self::Unknown,
        }
    }
}

/// How it was asked. Whoever asks can make up methods, so all but those that we serve are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// GET.
    Get,
    /// HEAD.
    Head,
    /// POST.
    Post,
    /// OPTIONS.
    Options,
    /// Any other.
    Other,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Get, Self::Head, Self::Post, Self::Options, Self::Other];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Options => "OPTIONS",
            Self::Other => "other",
        }
    }

    fn of(method: &Method) -> Self {
        match *method {
            Method::GET => Self::Get,
            Method::HEAD => Self::Head,
            Method::POST => Self::Post,
            Method::OPTIONS => Self::Options,
            _ => Self::Other,
        }
    }
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was answered with what it asked for.
    Done,
    /// It was sent elsewhere.
    Sent,
    /// Whoever asked did something wrong.
    Refused,
    /// Something is wrong here.
    Failed,
    /// Whoever asked went before there was an answer.
    Gone,
}

impl End {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Done, Self::Sent, Self::Refused, Self::Failed, Self::Gone];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "2xx",
            Self::Sent => "3xx",
            Self::Refused => "4xx",
            Self::Failed => "5xx",
            Self::Gone => "gone",
        }
    }

    fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            ..300 => Self::Done,
            300..400 => Self::Sent,
            400..500 => Self::Refused,
            _ => Self::Failed,
        }
    }
}

/// Microseconds: from a key in memory to a client that has given up.
const MICROS: [u64; 13] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000,
];

/// How one endpoint is doing.
#[derive(Debug)]
pub struct OfEndpoint {
    ends: [[Count; End::ALL.len()]; Verb::ALL.len()],
    /// How long it took until the head of the answer was there, in microseconds. Nothing is known of requests whose sender
    /// went away.
    pub micros: Histogram<13>,
}

impl Default for OfEndpoint {
    fn default() -> Self {
        let counts = || std::array::from_fn(|_| Count::default());
        Self { ends: std::array::from_fn(|_| counts()), micros: Histogram::new(MICROS) }
    }
}

impl OfEndpoint {
    fn end(&self, verb: Verb, end: End) {
        let of_verb = Verb::ALL.iter().zip(&self.ends).find(|(known, _)| **known == verb);
        let of_end =
            of_verb.and_then(|(_, ends)| End::ALL.iter().zip(ends).find(|(known, _)| **known == end));
        if let Some((_, count)) = of_end {
            count.add();
        }
    }

    /// How often each end was met, for each way of asking that was used at all.
    pub fn ends(&self) -> impl Iterator<Item = (Verb, End, u64)> {
        let used =
            Verb::ALL.into_iter().zip(&self.ends).filter(|(_, ends)| ends.iter().any(|n| n.value() > 0));
        used.flat_map(|(verb, ends)| {
            End::ALL.into_iter().zip(ends).map(move |(end, n)| (verb, end, n.value()))
        })
    }
}

/// How the server is doing.
#[derive(Debug, Default)]
pub struct Figures {
    /// Requests that are being answered.
    pub in_flight: Level,
    /// Connections that are open.
    pub connections: Level,
    /// Connections that were ever opened.
    pub connections_accepted: Count,
    endpoints: [OfEndpoint; Endpoint::ALL.len()],
    draining: AtomicBool,
}

impl Figures {
    /// Nobody new is to be sent here.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Whether what is under way is all that will be done.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// All endpoints.
    pub fn endpoints(&self) -> impl Iterator<Item = (Endpoint, &OfEndpoint)> {
        Endpoint::ALL.into_iter().zip(&self.endpoints)
    }

    /// A request begins.
    pub(crate) fn begin(&self, method: &Method) -> UnderWay<'_> {
        self.in_flight.up();
        let (verb, begun) = (Verb::of(method), Instant::now());
        UnderWay { figures: self, endpoint: Endpoint::Unknown, verb, begun, answered: None }
    }
}

/// A request that is being answered. It is counted when it is dropped, also where nobody waits for the answer any more.
#[derive(Debug)]
pub(crate) struct UnderWay<'a> {
    figures: &'a Figures,
    /// What it is for, once that is known.
    pub(crate) endpoint: Endpoint,
    pub(crate) verb: Verb,
    begun: Instant,
    /// What came of it, and after how many microseconds.
    answered: Option<(End, u64)>,
}

impl UnderWay<'_> {
    /// There is an answer; how long it took, in microseconds.
    pub(crate) fn answered(&mut self, status: StatusCode) -> u64 {
        let micros = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.answered = Some((End::of(status), micros));
        micros
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.figures.in_flight.down();
        let mut endpoints = self.figures.endpoints();
        let Some((_, endpoint)) = endpoints.find(|(known, _)| *known == self.endpoint) else { return };
        match self.answered {
            Some((end, micros)) => {
                endpoint.end(self.verb, end);
                endpoint.micros.observe(micros);
            }
            None => endpoint.end(self.verb, End::Gone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(figures: &Figures, wanted: Endpoint) -> &OfEndpoint {
        figures.endpoints().find(|(endpoint, _)| *endpoint == wanted).unwrap().1
    }

    #[test]
    fn a_request_is_counted_by_what_came_of_it_once_it_is_over() {
        let figures = Figures::default();
        let mut request = figures.begin(&Method::POST);
        request.endpoint = Endpoint::Token;
        request.answered(StatusCode::UNAUTHORIZED);
        assert_eq!(figures.in_flight.value(), 1);
        assert_eq!(of(&figures, Endpoint::Token).ends().count(), 0);
        drop(request);
        assert_eq!(figures.in_flight.value(), 0);
        let ends: Vec<_> = of(&figures, Endpoint::Token).ends().filter(|(.., count)| *count > 0).collect();
        assert_eq!(ends, [(Verb::Post, End::Refused, 1)]);
        assert_eq!(of(&figures, Endpoint::Token).micros.distribution().count(), 1);
    }

    #[test]
    fn a_request_whose_sender_went_away_is_counted_without_a_time() {
        let figures = Figures::default();
        drop(figures.begin(&Method::from_bytes(b"STEAL").unwrap()));
        let unknown = of(&figures, Endpoint::Unknown);
        let ends: Vec<_> = unknown.ends().filter(|(.., count)| *count > 0).collect();
        assert_eq!(ends, [(Verb::Other, End::Gone, 1)]);
        assert_eq!(unknown.micros.distribution().count(), 0);
        assert_eq!(figures.in_flight.value(), 0);
    }

    /// A rate over a counter that appears out of nowhere misses the first time.
    #[test]
    fn all_ends_are_shown_of_a_way_of_asking_that_was_used() {
        let figures = Figures::default();
        figures.begin(&Method::GET).answered(StatusCode::OK);
        let ends: Vec<_> = of(&figures, Endpoint::Unknown).ends().map(|(verb, end, _)| (verb, end)).collect();
        assert_eq!(ends, End::ALL.map(|end| (Verb::Get, end)));
    }
}
