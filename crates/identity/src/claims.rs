//! What is known of a user, in the words of OpenID Connect Core §5.1.

use protocol::description::quoted;
use protocol::scope::Scope;
use serde_json::{Map, Value};

use crate::user::User;

/// The most bytes that a text among the claims has.
const MAX_TEXT: usize = 2_048;

/// What the value of a claim is.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// `YYYY-MM-DD`, `YYYY`, or `0000-MM-DD` where the year is left out.
    Birthdate,
    Truth,
    /// Seconds since 1970-01-01 UTC.
    Moment,
    /// An object of texts (§5.1.1).
    Address,
}

/// The standard claims (§5.1), each with the scope value that lets it out (§5.4). `sub` is not among them: it is the
/// server's to give.
const STANDARD: [(&str, &str, Kind); 19] = [
    ("name", "profile", Kind::Text),
    ("given_name", "profile", Kind::Text),
    ("family_name", "profile", Kind::Text),
    ("middle_name", "profile", Kind::Text),
    ("nickname", "profile", Kind::Text),
    ("preferred_username", "profile", Kind::Text),
    ("profile", "profile", Kind::Text),
    ("picture", "profile", Kind::Text),
    ("website", "profile", Kind::Text),
    ("gender", "profile", Kind::Text),
    ("birthdate", "profile", Kind::Birthdate),
    ("zoneinfo", "profile", Kind::Text),
    ("locale", "profile", Kind::Text),
    ("updated_at", "profile", Kind::Moment),
    ("email", "email", Kind::Text),
    ("email_verified", "email", Kind::Truth),
    ("address", "address", Kind::Address),
    ("phone_number", "phone", Kind::Text),
    ("phone_number_verified", "phone", Kind::Truth),
];

/// The members of an address (§5.1.1).
const ADDRESS: [&str; 6] = ["formatted", "street_address", "locality", "region", "postal_code", "country"];

/// What can be told of a user: `sub` and the standard claims.
pub fn names() -> impl Iterator<Item = &'static str> {
    std::iter::once("sub").chain(STANDARD.iter().map(|(claim, ..)| *claim))
}

/// Claims that can be given out: each is a standard one, and its value is what it must be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StandardClaims(Map<String, Value>);

/// Something wrong with a claim.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{claim} {why}")]
pub struct ClaimProblem {
    /// The member. One of an address is named as in `address.country`.
    pub claim: String,
    /// What is wrong with it. Never the value.
    pub why: &'static str,
}

impl StandardClaims {
    /// Reads claims.
    ///
    /// # Errors
    /// Every member that is no standard claim, or whose value is none of its kind.
    pub fn parse(claims: Map<String, Value>) -> Result<Self, Vec<ClaimProblem>> {
        let problems: Vec<_> = claims.iter().filter_map(|(claim, value)| problem(claim, value)).collect();
        if problems.is_empty() { Ok(Self(claims)) } else { Err(problems) }
    }

    /// The claims, for the user that they are of.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

fn problem(claim: &str, value: &Value) -> Option<ClaimProblem> {
    let is = |why| Some(ClaimProblem { claim: claim.to_owned(), why });
    let Some((_, _, kind)) = STANDARD.iter().find(|(name, ..)| *name == claim) else {
        return match claim {
            "sub" => is("is the server's to give"),
            _ => Some(ClaimProblem { claim: quoted(claim), why: "is no standard claim" }),
        };
    };
    match kind {
        Kind::Text => text_problem(value).and_then(is),
        Kind::Birthdate if value.as_str().is_some_and(is_birthdate) => None,
        Kind::Birthdate => is("must be a date as in 1990-12-31, 0000-12-31 or 1990"),
        Kind::Truth if value.is_boolean() => None,
        Kind::Truth => is("must be true or false"),
        Kind::Moment if value.as_f64().is_some_and(|seconds| seconds >= 0.0) => None,
        Kind::Moment => is("must be a number of seconds since 1970"),
        Kind::Address => match value.as_object() {
            Some(members) => members.iter().find_map(|(name, value)| address_problem(name, value)),
            None => is("must be an object"),
        },
    }
}

fn text_problem(value: &Value) -> Option<&'static str> {
    match value.as_str() {
        None => Some("must be a string"),
        Some(text) if text.trim().is_empty() => Some("is blank: leave it out instead"),
        Some(text) if text.len() > MAX_TEXT => Some("is longer than 2048 bytes"),
        Some(_) => None,
    }
}

fn address_problem(name: &str, value: &Value) -> Option<ClaimProblem> {
    if ADDRESS.contains(&name) {
        text_problem(value).map(|why| ClaimProblem { claim: format!("address.{name}"), why })
    } else {
        Some(ClaimProblem { claim: format!("address.{}", quoted(name)), why: "is no member of an address" })
    }
}

fn is_birthdate(text: &str) -> bool {
    let number = |part: &str, digits: usize| {
        (part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse::<u16>().ok())
            .flatten()
    };
    let mut parts = text.split('-');
    let year = parts.next().and_then(|part| number(part, 4));
    match (year, parts.next(), parts.next(), parts.next()) {
        (Some(year), None, None, None) => year > 0,
        (Some(_), Some(month), Some(day), None) => {
            number(month, 2).is_some_and(|month| (1..=12).contains(&month))
                && number(day, 2).is_some_and(|day| (1..=31).contains(&day))
        }
        _ => false,
    }
}

/// The claims of a user that a scope lets out (OpenID Connect Core §5.4): those of `profile`, `email`, `address` and
/// `phone`, as far as they are known. `sub` is not among them.
pub fn claims_of(user: &User, scope: &Scope) -> Map<String, Value> {
    STANDARD
        .iter()
        .filter(|(_, lets_out, _)| scope.contains(lets_out))
        .filter_map(|(claim, ..)| user.claims.get_key_value(*claim))
        .map(|(claim, value)| (claim.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use primitives::clock::Timestamp;
    use primitives::ordered_id::OrderedId;
    use serde_json::json;

    use super::*;
    use crate::user::UserId;

    fn parse(claims: Value) -> Result<StandardClaims, Vec<String>> {
        let Value::Object(claims) = claims else { unreachable!("the cases are objects") };
        StandardClaims::parse(claims).map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    fn all() -> Value {
        json!({
            "name": "Alice Smith", "given_name": "Alice", "family_name": "Smith", "middle_name": "B",
            "nickname": "Al", "preferred_username": "alice", "profile": "https://a.example", "gender": "female",
            "picture": "https://a.example/p", "website": "https://a.example/w", "birthdate": "1990-12-31",
            "zoneinfo": "Europe/Berlin", "locale": "de-DE", "updated_at": 1_795_421_565,
            "email": "alice@example.com", "email_verified": true,
            "address": {"street_address": "1 Main\nStreet", "country": "DE"},
            "phone_number": "+49 30 1234", "phone_number_verified": false,
        })
    }

    #[test]
    fn every_standard_claim_is_taken() {
        let claims = parse(all()).unwrap().into_map();
        assert_eq!(claims.len(), STANDARD.len());
        for birthdate in ["1990", "0000-02-29"] {
            assert!(parse(json!({ "birthdate": birthdate })).is_ok(), "{birthdate}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_by_name_and_all_at_once() {
        for (claims, said) in [
            (json!({"sub": "x"}), "sub is the server's to give"),
            (json!({"shoe_size": 42}), "'shoe_size' is no standard claim"),
            (json!({"name": 1}), "name must be a string"),
            (json!({"name": " "}), "name is blank: leave it out instead"),
            (json!({"name": "x".repeat(2_049)}), "name is longer than 2048 bytes"),
            (json!({"email_verified": "true"}), "email_verified must be true or false"),
            (json!({"updated_at": "now"}), "updated_at must be a number of seconds since 1970"),
            (json!({"updated_at": -1}), "updated_at must be a number of seconds since 1970"),
            (json!({"address": "Berlin"}), "address must be an object"),
            (json!({"address": {"country": 1}}), "address.country must be a string"),
            (json!({"address": {"planet": "x"}}), "address.'planet' is no member of an address"),
            (json!({"birthdate": "0000"}), "birthdate must be a date as in 1990-12-31, 0000-12-31 or 1990"),
            (
                json!({"birthdate": "1990-13-01"}),
                "birthdate must be a date as in 1990-12-31, 0000-12-31 or 1990",
            ),
            (json!({"birthdate": "90-1-1"}), "birthdate must be a date as in 1990-12-31, 0000-12-31 or 1990"),
        ] {
            assert_eq!(parse(claims).unwrap_err(), [said]);
        }
        assert_eq!(parse(json!({"name": 1, "email": 2, "locale": "de"})).unwrap_err().len(), 2);
    }

    #[test]
    fn a_scope_lets_out_its_own_claims_and_no_others() {
        let user = User {
            id: UserId(OrderedId::from_bytes([1; 16])),
            username: "alice".to_owned(),
            claims: parse(all()).unwrap().into_map(),
            disabled_at: None,
            not_before: Timestamp::from_seconds(0),
        };
        let let_out = |scope: &str| {
            let claims = claims_of(&user, &scope.parse().unwrap());
            claims.keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(let_out("openid offline_access orders:read"), [""; 0]);
        assert_eq!(let_out("openid email"), ["email", "email_verified"]);
        assert_eq!(let_out("phone address"), ["address", "phone_number", "phone_number_verified"]);
        assert_eq!(let_out("profile").len(), 14);
        assert_eq!(let_out("profile email address phone").len(), STANDARD.len());
    }
}
