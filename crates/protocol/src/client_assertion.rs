//! The claims of a client assertion (RFC 7523 §3).

use serde_json::{Map, Value};

/// What an assertion says. RFC 7523 §3 requires `iss`, `sub`, `aud` and `exp`; we require `jti` as well, so that each
/// assertion is good once.
#[derive(Debug, PartialEq, Eq)]
pub struct ClientAssertion {
    /// Who made it: the client.
    pub iss: String,
    /// Whom it is about: the same client.
    pub sub: String,
    /// Whom it is for.
    pub aud: Audience,
    /// When it ends, in seconds since 1970-01-01 UTC.
    pub exp: u64,
    /// Before when it is not good yet.
    pub nbf: Option<u64>,
    /// When it was made.
    pub iat: Option<u64>,
    /// Its own name.
    pub jti: String,
}

/// Whom something is for. The two forms are not the same where one is asked for exactly.
#[derive(Debug, PartialEq, Eq)]
pub enum Audience {
    /// A string.
    One(String),
    /// An array, which may have one item.
    Several(Vec<String>),
}

impl Audience {
    /// Whether this is among them, in either form.
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Several(all) => all.iter().any(|one| one == name),
        }
    }
}

/// A claim is missing or of the wrong type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the claim '{0}' is missing or has the wrong type")]
pub struct ClaimError(pub &'static str);

impl ClientAssertion {
    /// Reads the claims of a JWT.
    ///
    /// # Errors
    /// The first claim that is missing or of the wrong type.
    pub fn read(claims: &Map<String, Value>) -> Result<Self, ClaimError> {
        let text = |name: &'static str| {
            claims
                .get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .ok_or(ClaimError(name))
        };
        let aud = match claims.get("aud") {
            Some(Value::String(one)) => Audience::One(one.clone()),
            Some(Value::Array(several)) => {
                let texts = several.iter().map(|item| item.as_str().map(str::to_owned));
                Audience::Several(texts.collect::<Option<_>>().ok_or(ClaimError("aud"))?)
            }
            _ => return Err(ClaimError("aud")),
        };
        Ok(Self {
            iss: text("iss")?,
            sub: text("sub")?,
            aud,
            exp: numeric_date(claims, "exp")?.ok_or(ClaimError("exp"))?,
            nbf: numeric_date(claims, "nbf")?,
            iat: numeric_date(claims, "iat")?,
            jti: text("jti")?,
        })
    }
}

/// RFC 7519 §2, NumericDate: seconds, which may have a fraction.
fn numeric_date(claims: &Map<String, Value>, name: &'static str) -> Result<Option<u64>, ClaimError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => match (number.as_u64(), number.as_f64()) {
            (Some(seconds), _) => Ok(Some(seconds)),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the range is checked"
            )]
            (None, Some(seconds)) if (0.0..1e15).contains(&seconds) => Ok(Some(seconds as u64)),
            _ => Err(ClaimError(name)),
        },
        Some(_) => Err(ClaimError(name)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(claims: &Value) -> Result<ClientAssertion, ClaimError> {
        ClientAssertion::read(claims.as_object().unwrap())
    }

    #[test]
    fn claims_are_read_strictly() {
        let good = json!({"iss": "c", "sub": "c", "aud": ["a", "b"], "exp": 17.9, "iat": 5, "jti": "j"});
        let claims = read(&good).unwrap();
        assert_eq!((claims.exp, claims.nbf), (17, None));
        assert_eq!(claims.aud, Audience::Several(vec!["a".into(), "b".into()]));
        for (name, value) in [
            ("iss", json!("")),
            ("sub", json!(1)),
            ("aud", json!([1])),
            ("exp", json!("17")),
            ("exp", json!(-1)),
            ("exp", json!(1e300)),
            ("iat", json!("now")),
            ("jti", json!(null)),
        ] {
            let mut bad = good.clone();
            bad[name] = value;
            assert_eq!(read(&bad), Err(ClaimError(name)));
        }
    }
}
