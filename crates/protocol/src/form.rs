//! Form bodies, as the token and revocation endpoints take them (RFC 6749 §3.2, appendix B).

use percent_encoding::percent_decode;
use zeroize::Zeroizing;

use crate::description::quoted;

/// The most parameters that a request may have.
pub const MAX_PARAMETERS: usize = 64;

/// Why a form was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// RFC 6749 §3.2: parameters must not be included more than once.
    #[error("the parameter {} stands more than once", quoted(.0))]
    Repeated(String),
    /// More than [`MAX_PARAMETERS`].
    #[error("there are more than {MAX_PARAMETERS} parameters")]
    TooMany,
    /// Percent-encoding that decodes to no UTF-8.
    #[error("the body is not UTF-8")]
    NotUtf8,
}

/// The parameters of a request, decoded. Values are wiped when dropped, since some are secrets.
pub struct Form {
    parameters: Vec<(String, Zeroizing<String>)>,
    repeated: Option<String>,
}

impl Form {
    /// Reads a body. Parameters without a value count as absent (RFC 6749 §3.2).
    ///
    /// # Errors
    /// See [`FormError`]; `resource` alone may be repeated (RFC 8707 §2).
    pub fn parse(body: &[u8]) -> Result<Self, FormError> {
        let form = Self::parse_repeating(body)?;
        match form.repeated {
            None => Ok(form),
            Some(name) => Err(FormError::Repeated(name)),
        }
    }

    /// Reads parameters of which one may stand twice: whoever reads them can still tell the client so. The first one
    /// counts.
    ///
    /// # Errors
    /// See [`FormError`].
    pub fn parse_repeating(body: &[u8]) -> Result<Self, FormError> {
        let is_utf8 = |part: &[u8]| percent_decode(part).decode_utf8().is_ok();
        if !body.split(|byte| matches!(byte, b'&' | b'=')).all(is_utf8) {
            return Err(FormError::NotUtf8);
        }
        let mut parameters: Vec<(String, Zeroizing<String>)> = Vec::new();
        let mut repeated = None;
        for (name, value) in form_urlencoded::parse(body) {
            if parameters.len() == MAX_PARAMETERS {
                return Err(FormError::TooMany);
            }
            if name != "resource" && parameters.iter().any(|(known, _)| *known == name) {
                repeated.get_or_insert_with(|| name.clone().into_owned());
            }
            parameters.push((name.into_owned(), Zeroizing::new(value.into_owned())));
        }
        Ok(Self { parameters, repeated })
    }

    /// A parameter that stands more than once and should not, if there is one.
    pub fn repeated(&self) -> Option<&str> {
        self.repeated.as_deref()
    }

    /// The value of a parameter that stands at most once.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a parameter that may stand several times.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.parameters
            .iter()
            .filter(move |(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.parameters.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_stands_once_and_an_empty_one_not_at_all() {
        let form =
            Form::parse(b"grant_type=x&unknown=1&scope=a+b%20c&state=&resource=r1&resource=r2").unwrap();
        assert_eq!(form.get("scope"), Some("a b c"));
        assert_eq!(form.get("state"), None);
        assert_eq!(form.get("grant_type"), Some("x"), "beside what nobody asks for");
        assert_eq!(form.all("resource").collect::<Vec<_>>(), ["r1", "r2"]);
        assert_eq!(Form::parse(b"a=1&a=1").unwrap_err(), FormError::Repeated("a".into()));
        for bad in [&b"a=%ff"[..], b"a=%c3", b"a=\xff", b"%ff=a", b"a=%c3&b=%a9"] {
            assert_eq!(Form::parse(bad).unwrap_err(), FormError::NotUtf8);
        }
        let form = Form::parse(b"a=%c3%a9&b=%ef%bf%bd").unwrap();
        assert_eq!((form.get("a"), form.get("b")), (Some("\u{e9}"), Some("\u{fffd}")));
        let many: Vec<String> = (0..=MAX_PARAMETERS).map(|n| format!("x{n}=1")).collect();
        assert_eq!(Form::parse(many.join("&").as_bytes()).unwrap_err(), FormError::TooMany);
    }

    #[test]
    fn a_form_shows_no_values() {
        let form = Form::parse(b"client_secret=hush").unwrap();
        assert_eq!(format!("{form:?}"), r#"["client_secret"]"#);
    }
}
