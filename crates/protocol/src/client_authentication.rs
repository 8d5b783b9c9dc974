//! How a client says who it is, and proves it, in a form request (RFC 6749 §2.3, RFC 7521 §4.2, RFC 7523 §2.2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::form::Form;

/// The only assertion type of RFC 7523 §2.2.
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client offers as a proof.
pub enum Proof {
    /// Nothing: a public client, or one that forgot.
    Nothing,
    /// A secret in the `Authorization` header.
    BasicSecret(Zeroizing<String>),
    /// A secret in the body.
    PostSecret(Zeroizing<String>),
    /// A signed JWT.
    Assertion(String),
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Nothing => "Nothing",
            Self::BasicSecret(_) => "BasicSecret(..)",
            Self::PostSecret(_) => "PostSecret(..)",
            Self::Assertion(_) => "Assertion(..)",
        })
    }
}

/// A client that has said who it is. Nothing has been verified.
#[derive(Debug)]
pub struct PresentedClient {
    /// The identifier; with an assertion, absent where only the assertion's subject says it.
    pub client_id: Option<String>,
    /// The proof.
    pub proof: Proof,
}

/// Why the request does not say who the client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PresentationError {
    /// Neither a header nor `client_id`.
    #[error("no client: send 'client_id' and a credential")]
    Missing,
    /// RFC 6749 §2.3: a client must not use more than one method in a request.
    #[error("more than one way of client authentication in one request")]
    SeveralMethods,
    /// An `Authorization` header that is no Basic credential.
    #[error("the Authorization header is not a Basic credential (RFC 6749 section 2.3.1)")]
    NotBasic,
    /// `client_id` in the body is not the one in the header.
    #[error("'client_id' in the body and in the Authorization header differ")]
    TwoClients,
    /// `client_assertion` without its type, or of a type that is not understood.
    #[error("'client_assertion_type' must be '{JWT_BEARER}'")]
    AssertionType,
}

impl PresentedClient {
    /// Reads header and form.
    ///
    /// # Errors
    /// See [`PresentationError`].
    pub fn read(authorization: Option<&str>, form: &Form) -> Result<Self, PresentationError> {
        let in_body = form.get("client_id").map(str::to_owned);
        let secret = form.get("client_secret");
        let assertion = form.get("client_assertion");
        let several = [authorization.is_some(), secret.is_some(), assertion.is_some()];
        if several.into_iter().filter(|one| *one).count() > 1 {
            return Err(PresentationError::SeveralMethods);
        }
        if let Some(header) = authorization {
            let (client_id, secret) = basic(header).ok_or(PresentationError::NotBasic)?;
            if in_body.is_some_and(|other| other != client_id) {
                return Err(PresentationError::TwoClients);
            }
            return Ok(Self { client_id: Some(client_id), proof: Proof::BasicSecret(secret) });
        }
        if let Some(assertion) = assertion {
            if form.get("client_assertion_type") != Some(JWT_BEARER) {
                return Err(PresentationError::AssertionType);
            }
            return Ok(Self { client_id: in_body, proof: Proof::Assertion(assertion.to_owned()) });
        }
        let client_id = in_body.ok_or(PresentationError::Missing)?;
        let proof = match secret {
            Some(secret) => Proof::PostSecret(Zeroizing::new(secret.to_owned())),
            None => Proof::Nothing,
        };
        Ok(Self { client_id: Some(client_id), proof })
    }
}

/// RFC 6749 §2.3.1: identifier and secret are form-encoded before they are joined. Ours never need it, so clients
/// that forget are understood too.
fn basic(header: &str) -> Option<(String, Zeroizing<String>)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let joined = Zeroizing::new(String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?);
    let (id, secret) = joined.split_once(':')?;
    let id = decoded(id).filter(|id| !id.is_empty())?;
    // An empty secret is nobody's, and is refused like any other that is wrong.
    Some((id, Zeroizing::new(decoded(secret)?)))
}

fn decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(authorization: Option<&str>, body: &str) -> Result<(Option<String>, String), PresentationError> {
        let form = Form::parse(body.as_bytes()).unwrap();
        PresentedClient::read(authorization, &form).map(|client| {
            let proof = match client.proof {
                Proof::Nothing => String::new(),
                Proof::BasicSecret(secret) | Proof::PostSecret(secret) => secret.to_string(),
                Proof::Assertion(jwt) => jwt,
            };
            (client.client_id, proof)
        })
    }

    fn header(joined: &str) -> String {
        format!("Basic {}", STANDARD.encode(joined))
    }

    #[test]
    fn a_secret_comes_in_the_header_or_in_the_body() {
        let basic = read(Some(&header("a%3Ab:c+d%26")), "");
        assert_eq!(basic, Ok((Some("a:b".into()), "c d&".into())));
        assert_eq!(read(Some(&header("id:with=and&")), ""), Ok((Some("id".into()), "with=and&".into())));
        assert_eq!(read(None, "client_id=a&client_secret=b"), Ok((Some("a".into()), "b".into())));
        assert_eq!(read(None, "client_id=a"), Ok((Some("a".into()), String::new())));
    }

    #[test]
    fn one_request_has_one_client_and_one_proof() {
        let good = header("a:b");
        assert_eq!(read(Some(&good), "client_secret=b"), Err(PresentationError::SeveralMethods));
        assert_eq!(read(Some(&good), "client_id=z"), Err(PresentationError::TwoClients));
        assert_eq!(read(Some(&good), "client_id=a").map(|(id, _)| id), Ok(Some("a".into())));
        assert_eq!(read(Some("Bearer x"), ""), Err(PresentationError::NotBasic));
        assert_eq!(read(Some(&header("no colon")), ""), Err(PresentationError::NotBasic));
        assert_eq!(read(Some(&header(":b")), ""), Err(PresentationError::NotBasic));
        assert_eq!(read(Some(&header("a:")), ""), Ok((Some("a".into()), String::new())));
        assert_eq!(read(None, ""), Err(PresentationError::Missing));
        assert_eq!(read(None, "client_assertion=x"), Err(PresentationError::AssertionType));
    }

    #[test]
    fn a_proof_shows_nothing() {
        let form = Form::parse(b"client_id=a&client_secret=hush").unwrap();
        assert!(!format!("{:?}", PresentedClient::read(None, &form).unwrap()).contains("hush"));
    }
}
