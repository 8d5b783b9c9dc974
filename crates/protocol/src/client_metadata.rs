//! Client metadata as it is sent (RFC 7591 §2, OpenID Connect Registration §2, and the extensions of the IANA registry
//! «OAuth Dynamic Client Registration Metadata»).
//!
//! Every member is optional here, because a request may leave any of them out, and none has been judged yet beyond
//! its JSON type and size. Members that only a server may set (`client_id`, `client_secret`, …) are no members of this
//! type, so nobody can send one; unknown members are ignored (RFC 7591 §2).

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::json::{self, JsonError};
use crate::registration_error::{Place, Problem};

/// The longest string in metadata, in bytes, unless the member says otherwise.
pub const MAX_TEXT: usize = 1_024;

/// The longest software statement, in bytes.
pub const MAX_STATEMENT: usize = 32 * 1_024;

/// The most items that a list may have.
pub const MAX_ITEMS: usize = 64;

/// The most languages that a member may be given in.
pub const MAX_LANGUAGES: usize = 32;

/// Text for people, in a default form and by language (RFC 7591 §2.2: `client_name#ja-Hani-JP`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Localized {
    /// The member without a language tag.
    pub plain: Option<String>,
    /// By BCP 47 language tag, spelled as it was sent.
    pub tagged: BTreeMap<String, String>,
}

impl Localized {
    /// Every form there is, each with its place in the request.
    pub fn forms(&self) -> impl Iterator<Item = (Place, &str)> {
        let plain = self.plain.iter().map(|text| (Place::Whole, text.as_str()));
        plain.chain(self.tagged.iter().map(|(tag, text)| (Place::Language(tag.clone()), text.as_str())))
    }
}

impl From<&str> for Localized {
    fn from(text: &str) -> Self {
        Self { plain: Some(text.to_owned()), tagged: BTreeMap::new() }
    }
}

/// A string of scope tokens. Unlike other strings it may be empty, which real clients send for «no scope».
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeText(pub String);

/// A JWT of up to [`MAX_STATEMENT`] bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementText(pub String);

/// A JSON object that its own module understands (`jwks`).
#[derive(Clone, Debug, PartialEq)]
pub struct Object(pub Value);

/// Why a value does not fit its member, as the end of a sentence that begins with the member's name.
pub(crate) struct Misfit {
    place: Place,
    text: String,
}

impl Misfit {
    fn whole(text: impl Into<String>) -> Self {
        Self { place: Place::Whole, text: text.into() }
    }
}

/// How a member's value is read and written.
trait MemberValue: Sized {
    /// Whether it can have a form for each language (RFC 7591 §2.2).
    const HAS_LANGUAGES: bool = false;

    fn read(value: Value) -> Result<Self, Misfit>;

    /// Reads the member into its place in the metadata.
    fn read_into(slot: &mut Option<Self>, value: Value) -> Result<(), Misfit> {
        *slot = Some(Self::read(value)?);
        Ok(())
    }

    /// A form of the member in one language. Most members have none, and then `name#tag` is an unknown member.
    fn read_language(_slot: &mut Option<Self>, _tag: &str, _value: Value) -> Result<(), Misfit> {
        Ok(())
    }

    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error>;
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn not(wanted: &str, value: &Value) -> String {
    match value {
        Value::Null => "is null: leave the member out instead".to_owned(),
        other => format!("must be {wanted}, and is {}", kind(other)),
    }
}

fn bounded(text: String, longest: usize) -> Result<String, String> {
    match text.len() {
        0 => Err("is empty: leave it out instead".to_owned()),
        length if length > longest => Err(format!("is {length} bytes long: at most {longest} are accepted")),
        _ => Ok(text),
    }
}

impl MemberValue for String {
    fn read(value: Value) -> Result<Self, Misfit> {
        match value {
            Value::String(text) => bounded(text, MAX_TEXT).map_err(Misfit::whole),
            other => Err(Misfit::whole(not("a string", &other))),
        }
    }

    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(name, self)
    }
}

impl MemberValue for ScopeText {
    fn read(value: Value) -> Result<Self, Misfit> {
        match value {
            Value::String(text) if text.is_empty() => Ok(Self(text)),
            Value::String(text) => bounded(text, 4 * MAX_TEXT).map(Self).map_err(Misfit::whole),
            other => Err(Misfit::whole(not("a string of scopes with spaces between them", &other))),
        }
    }

    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(name, &self.0)
    }
}

impl MemberValue for StatementText {
    fn read(value: Value) -> Result<Self, Misfit> {
        match value {
            Value::String(text) => bounded(text, MAX_STATEMENT).map(Self).map_err(Misfit::whole),
            other => Err(Misfit::whole(not("a string with a signed JWT", &other))),
        }
    }

    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(name, &self.0)
    }
}

impl MemberValue for bool {
    fn read(value: Value) -> Result<Self, Misfit> {
        match value {
            Value::Bool(value) => Ok(value),
            other => Err(Misfit::whole(not("true or false", &other))),
        }
    }

    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(name, self)
    }
}

impl MemberValue for u64 {
    fn read(value: Value) -> Result<Self, Misfit> {
        match value {
            Value::Number(number) => number
                .as_u64()
                .ok_or_else(|| Misfit::whole("must be a whole number of seconds that is not negative")),
            other => Err(Misfit::whole(not("a number of seconds", &other))),
        }
    }

    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(name, self)
    }
}

impl MemberValue for Vec<String> {
    fn read(value: Value) -> Result<Self, Misfit> {
        let Value::Array(items) = value else {
            return Err(Misfit::whole(not("an array of strings", &value)));
        };
        if items.len() > MAX_ITEMS {
            return Err(Misfit::whole(format!(
                "has {} items: at most {MAX_ITEMS} are accepted",
                items.len()
            )));
        }
        let item = |(index, item): (usize, Value)| {
            let at = |text| Misfit { place: Place::Index(index), text };
            match item {
                Value::String(text) => bounded(text, MAX_TEXT).map_err(at),
                other => Err(at(not("a string", &other))),
            }
        };
        items.into_iter().enumerate().map(item).collect()
    }

    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(name, self)
    }
}

impl MemberValue for Object {
    fn read(value: Value) -> Result<Self, Misfit> {
        match value {
            Value::Object(_) => Ok(Self(value)),
            other => Err(Misfit::whole(not("an object", &other))),
        }
    }

    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(name, &self.0)
    }
}

impl MemberValue for Localized {
    const HAS_LANGUAGES: bool = true;

    fn read(value: Value) -> Result<Self, Misfit> {
        String::read(value).map(|text| Self { plain: Some(text), tagged: BTreeMap::new() })
    }

    fn read_into(slot: &mut Option<Self>, value: Value) -> Result<(), Misfit> {
        // One of its languages may have come first.
        slot.get_or_insert_default().plain = Self::read(value)?.plain;
        Ok(())
    }

    fn read_language(slot: &mut Option<Self>, tag: &str, value: Value) -> Result<(), Misfit> {
        let at = |text| Misfit { place: Place::Language(tag.to_owned()), text };
        if !is_language_tag(tag) {
            return Err(at("is not tagged with a BCP 47 language".to_owned()));
        }
        let text = match value {
            Value::String(text) => bounded(text, MAX_TEXT).map_err(at)?,
            other => return Err(at(not("a string", &other))),
        };
        let localized = slot.get_or_insert_default();
        // RFC 7591 §2.2: tags are case-insensitive.
        if localized.tagged.keys().any(|known| known.eq_ignore_ascii_case(tag)) {
            return Err(at("is given twice".to_owned()));
        }
        if localized.tagged.len() == MAX_LANGUAGES {
            return Err(at(format!("is one too many: at most {MAX_LANGUAGES} languages are accepted")));
        }
        localized.tagged.insert(tag.to_owned(), text);
        Ok(())
    }

    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        if let Some(plain) = &self.plain {
            map.serialize_entry(name, plain)?;
        }
        for (tag, text) in &self.tagged {
            map.serialize_entry(&format!("{name}#{tag}"), text)?;
        }
        Ok(())
    }
}

/// The shape of a BCP 47 tag: parts of one to eight letters and digits, the first of letters (RFC 5646 §2.1).
fn is_language_tag(tag: &str) -> bool {
    let part = |text: &str| (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let mut parts = tag.split('-');
    tag.len() <= 64
        && parts.next().is_some_and(|first| part(first) && first.bytes().all(|b| b.is_ascii_alphabetic()))
        && parts.all(part)
}

/// Why a request's body was not taken for client metadata.
#[derive(Debug)]
pub enum BodyError {
    /// It is not one JSON object.
    Json(JsonError),
    /// Members have values of the wrong type or size. Never empty.
    Members(Vec<Problem>),
}

/// One line per member: name, variant, type. It makes the wire type, the list of members, the reader and the writer.
macro_rules! members {
    ($( $(#[$doc:meta])* $field:ident $variant:ident: $type:ty, )*) => {
        /// Client metadata as it was sent: all optional, judged by nobody yet.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct ClientMetadata { $( $(#[$doc])* pub $field: Option<$type>, )* }

        /// The name of a member. Every problem with a request names one, and the error code follows from it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Member { $( $(#[$doc])* $variant, )* }

        impl Member {
            /// All members that we know, in the order of the specifications.
            pub const ALL: &[Self] = &[$( Self::$variant, )*];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => stringify!($field), )* }
            }

            /// The member of this name.
            pub fn named(name: &str) -> Option<Self> {
                match name { $( stringify!($field) => Some(Self::$variant), )* _ => None }
            }
        }

        impl Member {
            /// Whether it can have a form for each language (RFC 7591 §2.2).
            pub const fn has_languages(self) -> bool {
                match self { $( Self::$variant => <$type as MemberValue>::HAS_LANGUAGES, )* }
            }
        }

        impl ClientMetadata {
            /// The members that are there.
            pub fn present(&self) -> impl Iterator<Item = Member> {
                [$( self.$field.as_ref().map(|_| Member::$variant), )*].into_iter().flatten()
            }

            fn read(&mut self, member: Member, value: Value) -> Result<(), Misfit> {
                match member { $( Member::$variant => <$type>::read_into(&mut self.$field, value), )* }
            }

            fn read_language(&mut self, member: Member, tag: &str, value: Value) -> Result<(), Misfit> {
                match member { $( Member::$variant => <$type>::read_language(&mut self.$field, tag, value), )* }
            }
        }

        impl Serialize for ClientMetadata {
            /// Writes the members that are there; never a null (RFC 7591 §3.2.1).
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                $( if let Some(value) = &self.$field { value.write(stringify!($field), &mut map)?; } )*
                map.end()
            }
        }
    };
}

members! {
    // RFC 7591 §2

    /// Where authorization responses may be sent.
    redirect_uris RedirectUris: Vec<String>,
    /// How the client authenticates at the token endpoint. Omitted: `client_secret_basic`.
    token_endpoint_auth_method TokenEndpointAuthMethod: String,
    /// The grants that it will use. Omitted: `authorization_code`.
    grant_types GrantTypes: Vec<String>,
    /// The response types that it will use. Omitted: `code`, where the grants have a use for it.
    response_types ResponseTypes: Vec<String>,
    /// Its name, for people.
    client_name ClientName: Localized,
    /// Its home page, for people.
    client_uri ClientUri: Localized,
    /// A picture of it, for people.
    logo_uri LogoUri: Localized,
    /// The scopes that it may ask for, with spaces between them.
    scope Scope: ScopeText,
    /// How to reach the people behind it, usually e-mail addresses.
    contacts Contacts: Vec<String>,
    /// Its terms of service, for people.
    tos_uri TosUri: Localized,
    /// What it does with personal data, for people.
    policy_uri PolicyUri: Localized,
    /// Where its public keys are. Never beside `jwks`.
    jwks_uri JwksUri: String,
    /// Its public keys.
    jwks Jwks: Object,
    /// The software that it is an installation of; here also the name of a template.
    software_id SoftwareId: String,
    /// The version of that software.
    software_version SoftwareVersion: String,
    /// What a third party vouches for (RFC 7591 §2.3).
    software_statement SoftwareStatement: StatementText,

    // OpenID Connect Registration §2

    /// `web` or `native`.
    application_type ApplicationType: String,
    /// The document that lists the redirect URIs of one sector.
    sector_identifier_uri SectorIdentifierUri: String,
    /// `public` or `pairwise`.
    subject_type SubjectType: String,
    /// What ID tokens are signed with.
    id_token_signed_response_alg IdTokenSignedResponseAlg: String,
    /// How the key of an encrypted ID token is encrypted.
    id_token_encrypted_response_alg IdTokenEncryptedResponseAlg: String,
    /// How the content of an encrypted ID token is encrypted.
    id_token_encrypted_response_enc IdTokenEncryptedResponseEnc: String,
    /// What userinfo responses are signed with.
    userinfo_signed_response_alg UserinfoSignedResponseAlg: String,
    /// How the key of an encrypted userinfo response is encrypted.
    userinfo_encrypted_response_alg UserinfoEncryptedResponseAlg: String,
    /// How the content of an encrypted userinfo response is encrypted.
    userinfo_encrypted_response_enc UserinfoEncryptedResponseEnc: String,
    /// What its request objects are signed with.
    request_object_signing_alg RequestObjectSigningAlg: String,
    /// How the key of an encrypted request object is encrypted.
    request_object_encryption_alg RequestObjectEncryptionAlg: String,
    /// How the content of an encrypted request object is encrypted.
    request_object_encryption_enc RequestObjectEncryptionEnc: String,
    /// What its client assertions are signed with.
    token_endpoint_auth_signing_alg TokenEndpointAuthSigningAlg: String,
    /// How old a sign-in may be where a request does not say, in seconds.
    default_max_age DefaultMaxAge: u64,
    /// Whether ID tokens must say when the user signed in.
    require_auth_time RequireAuthTime: bool,
    /// Which authentication contexts it wants where a request does not say.
    default_acr_values DefaultAcrValues: Vec<String>,
    /// Where a third party can send a user to start signing in.
    initiate_login_uri InitiateLoginUri: String,
    /// Request objects by reference that it may use.
    request_uris RequestUris: Vec<String>,

    // OpenID Connect RP-Initiated, Front-Channel and Back-Channel Logout

    /// Where a user may be sent after signing out.
    post_logout_redirect_uris PostLogoutRedirectUris: Vec<String>,
    /// A page that ends the client's session in the user's browser.
    frontchannel_logout_uri FrontchannelLogoutUri: String,
    /// Whether that page is told issuer and session.
    frontchannel_logout_session_required FrontchannelLogoutSessionRequired: bool,
    /// An endpoint that takes logout tokens.
    backchannel_logout_uri BackchannelLogoutUri: String,
    /// Whether logout tokens must name the session.
    backchannel_logout_session_required BackchannelLogoutSessionRequired: bool,

    // RFC 8705 §2.1.2, §3.4

    /// The subject of the client's certificate.
    tls_client_auth_subject_dn TlsClientAuthSubjectDn: String,
    /// A dNSName of the client's certificate.
    tls_client_auth_san_dns TlsClientAuthSanDns: String,
    /// A uniformResourceIdentifier of the client's certificate.
    tls_client_auth_san_uri TlsClientAuthSanUri: String,
    /// An iPAddress of the client's certificate.
    tls_client_auth_san_ip TlsClientAuthSanIp: String,
    /// An rfc822Name of the client's certificate.
    tls_client_auth_san_email TlsClientAuthSanEmail: String,
    /// Whether access tokens are bound to the client's certificate.
    tls_client_certificate_bound_access_tokens TlsClientCertificateBoundAccessTokens: bool,

    // RFC 9101 §10.5, RFC 9126 §6, RFC 9449 §5.2, RFC 9396 §10

    /// Whether every authorization request must be a signed request object.
    require_signed_request_object RequireSignedRequestObject: bool,
    /// Whether every authorization request must be pushed first.
    require_pushed_authorization_requests RequirePushedAuthorizationRequests: bool,
    /// Whether every token request must come with a DPoP proof.
    dpop_bound_access_tokens DpopBoundAccessTokens: bool,
    /// The authorization details that it may ask for.
    authorization_details_types AuthorizationDetailsTypes: Vec<String>,

    // JWT Secured Authorization Response Mode §3, RFC 9701 §6

    /// What authorization responses are signed with.
    authorization_signed_response_alg AuthorizationSignedResponseAlg: String,
    /// How the key of an encrypted authorization response is encrypted.
    authorization_encrypted_response_alg AuthorizationEncryptedResponseAlg: String,
    /// How the content of an encrypted authorization response is encrypted.
    authorization_encrypted_response_enc AuthorizationEncryptedResponseEnc: String,
    /// What introspection responses are signed with.
    introspection_signed_response_alg IntrospectionSignedResponseAlg: String,
    /// How the key of an encrypted introspection response is encrypted.
    introspection_encrypted_response_alg IntrospectionEncryptedResponseAlg: String,
    /// How the content of an encrypted introspection response is encrypted.
    introspection_encrypted_response_enc IntrospectionEncryptedResponseEnc: String,

    // OpenID Connect CIBA §4

    /// How the client hears that a user has answered: `poll`, `ping` or `push`.
    backchannel_token_delivery_mode BackchannelTokenDeliveryMode: String,
    /// Where it hears of it.
    backchannel_client_notification_endpoint BackchannelClientNotificationEndpoint: String,
    /// What its authentication requests are signed with.
    backchannel_authentication_request_signing_alg BackchannelAuthenticationRequestSigningAlg: String,
    /// Whether it can send a user code.
    backchannel_user_code_parameter BackchannelUserCodeParameter: bool,
}

impl ClientMetadata {
    /// Reads the body of a registration request.
    ///
    /// # Errors
    /// [`BodyError::Json`] where it is not one JSON object without repeated members; [`BodyError::Members`] with every
    /// member whose value has the wrong type or size.
    pub fn parse(body: &[u8]) -> Result<Self, BodyError> {
        let members = json::object(body).map_err(BodyError::Json)?;
        Self::from_members(members).map_err(BodyError::Members)
    }

    /// Reads metadata that is JSON already.
    ///
    /// # Errors
    /// Every member whose value has the wrong type or size; never an empty list.
    pub fn from_members(members: Map<String, Value>) -> Result<Self, Vec<Problem>> {
        let mut metadata = Self::default();
        let mut problems = Vec::new();
        for (name, value) in members {
            let (base, tag) = match name.split_once('#') {
                Some((base, tag)) => (base, Some(tag)),
                None => (name.as_str(), None),
            };
            // RFC 7591 §2: metadata that is not understood is ignored.
            let Some(member) = Member::named(base) else { continue };
            let read = match tag {
                None => metadata.read(member, value),
                Some(tag) => metadata.read_language(member, tag, value),
            };
            if let Err(Misfit { place, text }) = read {
                problems.push(Problem { member, place, text });
            }
        }
        // Whether a JSON object keeps its order is for whoever builds the program to say, not for an answer of it.
        problems.sort_by_cached_key(ToString::to_string);
        if problems.is_empty() { Ok(metadata) } else { Err(problems) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        match ClientMetadata::parse(text.as_bytes()) {
            Err(BodyError::Members(problems)) => problems.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_value_of_the_wrong_type_is_named_at_once() {
        assert_eq!(
            problems(
                r#"{"client_name": 5, "redirect_uris": ["https://a.example/cb", null], "default_max_age": -1, "jwks": [], "scope": null}"#
            ),
            [
                "client_name must be a string, and is a number",
                "default_max_age must be a whole number of seconds that is not negative",
                "jwks must be an object, and is an array",
                "redirect_uris[1] is null: leave the member out instead",
                "scope is null: leave the member out instead",
            ]
        );
    }

    #[test]
    fn empty_and_endless_values_are_named() {
        let long = "x".repeat(MAX_TEXT + 1);
        assert_eq!(problems(r#"{"client_name": ""}"#), ["client_name is empty: leave it out instead"]);
        assert_eq!(problems(&format!(r#"{{"logo_uri": "{long}"}}"#)).len(), 1);
        let many = serde_json::json!({ "contacts": vec!["a@b.example"; MAX_ITEMS + 1] });
        assert_eq!(problems(&many.to_string()), ["contacts has 65 items: at most 64 are accepted"]);
        assert!(ClientMetadata::parse(br#"{"scope": ""}"#).is_ok());
    }

    #[test]
    fn unknown_members_and_members_of_the_server_are_ignored() {
        let body = br#"{"client_id": "mine", "client_secret": "mine", "registration_access_token": 7, "x": [null], "grant_types#de": 1}"#;
        assert_eq!(ClientMetadata::parse(body).unwrap(), ClientMetadata::default());
    }

    #[test]
    fn languages_are_kept_in_whatever_order_they_come() {
        let body = r#"{"client_name#ja-Hani-JP": "名", "client_name": "Name", "client_name#de": "Der Name"}"#;
        let metadata = ClientMetadata::parse(body.as_bytes()).unwrap();
        let name = metadata.client_name.clone().unwrap();
        assert_eq!(name.plain.as_deref(), Some("Name"));
        assert_eq!(name.tagged.keys().collect::<Vec<_>>(), ["de", "ja-Hani-JP"]);
        let written = serde_json::to_vec(&metadata).unwrap();
        assert_eq!(ClientMetadata::parse(&written).unwrap(), metadata);
        assert_eq!(
            problems(r#"{"client_name#DE": "a", "client_name#de": "b", "client_uri#": "c"}"#),
            ["client_name#de is given twice", "client_uri# is not tagged with a BCP 47 language"]
        );
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        let mut members = Map::new();
        for member in Member::ALL {
            // One of these is of the member's type.
            for value in [
                serde_json::json!("x"),
                serde_json::json!(["x"]),
                serde_json::json!({"keys": []}),
                serde_json::json!(true),
                serde_json::json!(7),
            ] {
                let one = Map::from_iter([(member.as_str().to_owned(), value.clone())]);
                if ClientMetadata::from_members(one).is_ok() {
                    members.insert(member.as_str().to_owned(), value);
                }
            }
        }
        assert_eq!(members.len(), Member::ALL.len());
        let metadata = ClientMetadata::from_members(members.clone()).unwrap();
        assert_eq!(metadata.present().collect::<Vec<_>>(), Member::ALL);
        assert_eq!(serde_json::to_value(&metadata).unwrap(), Value::Object(members));
    }
}
