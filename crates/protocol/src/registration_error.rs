//! Registration error responses (RFC 7591 §3.2.2, OpenID Connect Registration §3.3).

use std::fmt;

use serde::Serialize;

use crate::client_metadata::Member;
use crate::description::Description;
use crate::word::word;

word! {
    /// The error codes of RFC 7591 §3.2.2.
    RegistrationErrorCode {
        /// A redirect URI is wrong.
        InvalidRedirectUri = "invalid_redirect_uri",
        /// Another member is wrong.
        InvalidClientMetadata = "invalid_client_metadata",
        /// The software statement is wrong.
        InvalidSoftwareStatement = "invalid_software_statement",
        /// The software statement is not one that this server accepts.
        UnapprovedSoftwareStatement = "unapproved_software_statement",
    }
}

/// The most problems that one answer tells of.
pub const MAX_PROBLEMS: usize = 8;

/// Where in a member's value a problem is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The value as a whole.
    Whole,
    /// An item of a list, counted from 0.
    Index(usize),
    /// The form in one language.
    Language(String),
}

/// What is wrong with a member, and what to do: the end of a sentence that begins with the member's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The member. The error code follows from it and from nothing else.
    pub member: Member,
    /// Where in the member.
    pub place: Place,
    /// As in «has a fragment: leave everything from the # on out».
    pub text: String,
}

impl Problem {
    /// A problem of a value as a whole.
    pub fn whole(member: Member, text: impl Into<String>) -> Self {
        Self { member, place: Place::Whole, text: text.into() }
    }

    /// The error code that this problem alone would be answered with.
    pub fn code(&self) -> RegistrationErrorCode {
        code_of(self.member)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let member = self.member.as_str();
        match &self.place {
            Place::Whole => write!(formatter, "{member} {}", self.text),
            Place::Index(index) => write!(formatter, "{member}[{index}] {}", self.text),
            Place::Language(tag) => write!(formatter, "{member}#{tag} {}", self.text),
        }
    }
}

/// The error code follows from the member that is wrong. A new member is given its code here, or does not compile.
const fn code_of(member: Member) -> RegistrationErrorCode {
    match member {
        Member::RedirectUris => RegistrationErrorCode::InvalidRedirectUri,
        // No issuer of statements is trusted yet, so none can be more than unapproved.
        Member::SoftwareStatement => RegistrationErrorCode::UnapprovedSoftwareStatement,
        Member::TokenEndpointAuthMethod
        | Member::GrantTypes
        | Member::ResponseTypes
        | Member::ClientName
        | Member::ClientUri
        | Member::LogoUri
        | Member::Scope
        | Member::Contacts
        | Member::TosUri
        | Member::PolicyUri
        | Member::JwksUri
        | Member::Jwks
        | Member::SoftwareId
        | Member::SoftwareVersion
        | Member::ApplicationType
        | Member::SectorIdentifierUri
        | Member::SubjectType
        | Member::IdTokenSignedResponseAlg
        | Member::IdTokenEncryptedResponseAlg
        | Member::IdTokenEncryptedResponseEnc
        | Member::UserinfoSignedResponseAlg
        | Member::UserinfoEncryptedResponseAlg
        | Member::UserinfoEncryptedResponseEnc
        | Member::RequestObjectSigningAlg
        | Member::RequestObjectEncryptionAlg
        | Member::RequestObjectEncryptionEnc
        | Member::TokenEndpointAuthSigningAlg
        | Member::DefaultMaxAge
        | Member::RequireAuthTime
        | Member::DefaultAcrValues
        | Member::InitiateLoginUri
        | Member::RequestUris
        | Member::PostLogoutRedirectUris
        | Member::FrontchannelLogoutUri
        | Member::FrontchannelLogoutSessionRequired
        | Member::BackchannelLogoutUri
        | Member::BackchannelLogoutSessionRequired
        | Member::TlsClientAuthSubjectDn
        | Member::TlsClientAuthSanDns
        | Member::TlsClientAuthSanUri
        | Member::TlsClientAuthSanIp
        | Member::TlsClientAuthSanEmail
        | Member::TlsClientCertificateBoundAccessTokens
        | Member::RequireSignedRequestObject
        | Member::RequirePushedAuthorizationRequests
        | Member::DpopBoundAccessTokens
        | Member::AuthorizationDetailsTypes
        | Member::AuthorizationSignedResponseAlg
        | Member::AuthorizationEncryptedResponseAlg
        | Member::AuthorizationEncryptedResponseEnc
        | Member::IntrospectionSignedResponseAlg
        | Member::IntrospectionEncryptedResponseAlg
        | Member::IntrospectionEncryptedResponseEnc
        | Member::BackchannelTokenDeliveryMode
        | Member::BackchannelClientNotificationEndpoint
        | Member::BackchannelAuthenticationRequestSigningAlg
        | Member::BackchannelUserCodeParameter => RegistrationErrorCode::InvalidClientMetadata,
    }
}

/// The body of a 400 from the registration endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegistrationError {
    /// What kind of thing is wrong.
    pub error: RegistrationErrorCode,
    /// Each thing that is wrong, with the member it is in and what to do.
    pub error_description: Description,
}

impl RegistrationError {
    /// An answer that tells of all these problems, up to [`MAX_PROBLEMS`].
    ///
    /// The code is that of the first problem with a code of its own; `invalid_client_metadata` is the code of those
    /// that have none.
    pub fn of(problems: &[Problem]) -> Self {
        let error = problems
            .iter()
            .map(Problem::code)
            .find(|code| *code != RegistrationErrorCode::InvalidClientMetadata)
            .unwrap_or(RegistrationErrorCode::InvalidClientMetadata);
        let told: Vec<String> = problems.iter().take(MAX_PROBLEMS).map(ToString::to_string).collect();
        let mut text = told.join("; ");
        if let Some(more @ 1..) = problems.len().checked_sub(MAX_PROBLEMS) {
            text.push_str(&format!("; and {more} more"));
        }
        Self { error, error_description: text.into() }
    }

    /// An answer about the body itself.
    pub fn of_body(text: impl Into<Description>) -> Self {
        Self { error: RegistrationErrorCode::InvalidClientMetadata, error_description: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_follows_from_the_member() {
        let code = |members: &[Member]| {
            let problems: Vec<_> = members.iter().map(|member| Problem::whole(*member, "is wrong")).collect();
            RegistrationError::of(&problems).error.as_str()
        };
        assert_eq!(code(&[Member::Scope]), "invalid_client_metadata");
        assert_eq!(code(&[Member::RedirectUris]), "invalid_redirect_uri");
        assert_eq!(code(&[Member::Scope, Member::RedirectUris]), "invalid_redirect_uri");
        assert_eq!(code(&[Member::SoftwareStatement]), "unapproved_software_statement");
    }

    #[test]
    fn all_problems_are_told_up_to_a_bound() {
        let problem =
            Problem { member: Member::RedirectUris, place: Place::Index(3), text: "has a fragment".into() };
        let told = RegistrationError::of(&vec![problem; MAX_PROBLEMS + 2]).error_description;
        assert!(told.as_str().starts_with("redirect_uris[3] has a fragment; redirect_uris[3]"));
        assert!(told.as_str().ends_with("; and 2 more"));
    }
}
