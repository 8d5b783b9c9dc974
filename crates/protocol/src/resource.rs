//! Resource indicators (RFC 8707).

use url::Url;

use crate::uri;

/// The identifier of an API, as configured, with its rule of comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceIdentifier {
    text: String,
    normalised: String,
}

/// RFC 8707 §2: an absolute URI without a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a resource must be an absolute URI without a fragment and a user name (RFC 8707 section 2)")]
pub struct NotAResource;

impl ResourceIdentifier {
    /// Reads an identifier.
    ///
    /// # Errors
    /// [`NotAResource`] where it is not an absolute URI, or has a fragment.
    pub fn parse(text: &str) -> Result<Self, NotAResource> {
        // What the parser forgives, another one reads differently: white space, backslashes, slashes that are missing.
        let is_written_well = uri::stranger_in(text).is_none() && !text.contains(['#', '@']);
        let url = Url::parse(text).ok().filter(|_| is_written_well).ok_or(NotAResource)?;
        let (_scheme, rest) = text.split_once(':').ok_or(NotAResource)?;
        if url.has_host() && (!rest.starts_with("//") || rest.starts_with("///")) {
            return Err(NotAResource);
        }
        Ok(Self { text: text.to_owned(), normalised: url.into() })
    }

    /// The identifier as it was written. This, and never a client's spelling, becomes the `aud` of a token.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a client means this resource. Clients differ in upper case, default ports and the slash behind the
    /// host; RFC 3986 §6.2.3 makes all of these the same.
    pub fn is_meant_by(&self, indicator: &str) -> Result<bool, NotAResource> {
        Self::parse(indicator).map(|other| other.normalised == self.normalised)
    }
}

impl std::fmt::Display for ResourceIdentifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_resource_are_one_resource() {
        let resource = ResourceIdentifier::parse("https://orders.example").unwrap();
        for same in ["https://orders.example", "https://orders.example/", "HTTPS://Orders.Example:443"] {
            assert_eq!(resource.is_meant_by(same), Ok(true), "{same}");
        }
        for other in [
            "https://orders.example/api",
            "http://orders.example",
            "https://orders.example:8443",
            "urn:orders",
        ] {
            assert_eq!(resource.is_meant_by(other), Ok(false), "{other}");
        }
        for none in [
            "orders.example",
            "",
            "/orders",
            "https://orders.example#x",
            "https://orders.example#",
            " https://orders.example",
            "https://or\tders.example",
            "https:\\\\orders.example",
            "https:orders.example",
            "https:///orders.example",
            "https://@orders.example",
            "https://a@orders.example",
        ] {
            assert_eq!(resource.is_meant_by(none), Err(NotAResource), "{none}");
        }
        assert!(ResourceIdentifier::parse("urn:example:orders").is_ok());
    }
}
