//! Grants, response types and redirect URIs: how the client means to get its tokens (RFC 7591 §2 and §2.1).

use protocol::application_type::ApplicationType;
use protocol::client_metadata::{ClientMetadata, Member};
use protocol::grant_type::GrantType;
use protocol::registration_error::Place;
use protocol::response_type::ResponseType;
use protocol::word;

use super::{Reading, RedirectUri, Source};

/// How a client gets its tokens. Every response type has its grants, every redirecting grant its response type and at
/// least one redirect URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flows {
    grant_types: Vec<GrantType>,
    response_types: Vec<ResponseType>,
    redirect_uris: Vec<RedirectUri>,
    application_type: ApplicationType,
}

impl Flows {
    /// The grants that the client may use.
    pub fn grant_types(&self) -> &[GrantType] {
        &self.grant_types
    }

    /// The response types that it may ask for.
    pub fn response_types(&self) -> &[ResponseType] {
        &self.response_types
    }

    /// Where answers may be sent.
    pub fn redirect_uris(&self) -> &[RedirectUri] {
        &self.redirect_uris
    }

    /// What kind of application it is.
    pub fn application_type(&self) -> ApplicationType {
        self.application_type
    }

    /// A public client gets no refresh tokens where the profile does not say so (OAuth 2.1 §4.3.1: whoever steals one
    /// would be as good as the client).
    pub(super) fn leave_out_refresh_tokens(&mut self) {
        self.grant_types.retain(|grant| *grant != GrantType::RefreshToken);
    }

    pub(super) fn read(wire: &ClientMetadata, reading: &mut Reading<'_>) -> Self {
        let asked = Asked::read(wire, reading);
        asked.check(reading);
        let (grant_types, response_types) = asked.narrowed(reading);
        if grant_types.is_empty() {
            asked.nothing_left(wire, reading);
        }
        let redirect_uris = read_redirect_uris(wire, reading);
        if redirect_uris.is_empty()
            && wire.redirect_uris.as_ref().is_none_or(Vec::is_empty)
            && let Some(grant) = grant_types.iter().find(|grant| grant.redirects())
        {
            reading.problem(
                Member::RedirectUris,
                format!("is missing: '{grant}' needs at least one (RFC 7591 section 2)"),
            );
        }
        let application_type = read_application_type(wire, &redirect_uris, reading);
        for (index, uri) in redirect_uris.iter().enumerate() {
            if let Err(why) = uri.suits(application_type) {
                reading.problem_at(Member::RedirectUris, Place::Index(index), why);
            }
        }
        Self { grant_types, response_types, redirect_uris, application_type }
    }

    pub(super) fn write(&self, wire: &mut ClientMetadata) {
        let Self { grant_types, response_types, redirect_uris, application_type } = self;
        wire.grant_types = Some(grant_types.iter().map(ToString::to_string).collect());
        wire.response_types = Some(response_types.iter().map(ToString::to_string).collect());
        if !redirect_uris.is_empty() {
            wire.redirect_uris = Some(redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect());
        }
        wire.application_type = Some(application_type.to_string());
    }
}

/// What the request means, before it is compared with what is served. Words that nobody knows are gone already.
struct Asked {
    grant_types: Vec<GrantType>,
    response_types: Vec<ResponseType>,
    says_response_types: bool,
}

impl Asked {
    fn read(wire: &ClientMetadata, reading: &mut Reading<'_>) -> Self {
        let grant_types = match &wire.grant_types {
            // RFC 7591 §2: omitted means authorization_code.
            None => vec![GrantType::AuthorizationCode],
            Some(words) => known(words, |word| word.parse().ok()),
        };
        if wire.grant_types.as_ref().is_some_and(Vec::is_empty) {
            reading.problem(Member::GrantTypes, "is an empty list: name the grants, or leave it out");
        }
        let response_types = match &wire.response_types {
            // RFC 7591 §2: omitted means code. §2.1: only beside a grant that has a use for it.
            None if grant_types.contains(&GrantType::AuthorizationCode) => vec![ResponseType::Code],
            None => Vec::new(),
            Some(words) => known(words, ResponseType::read),
        };
        Self { grant_types, response_types, says_response_types: wire.response_types.is_some() }
    }

    /// RFC 7591 §2.1: grants and response types that contradict each other.
    fn check(&self, reading: &mut Reading<'_>) {
        for response_type in &self.response_types {
            for grant in GrantType::required_by(*response_type) {
                if !self.grant_types.contains(grant) {
                    reading.problem(
                        Member::ResponseTypes,
                        format!("has '{response_type}', which needs the grant type '{grant}' (RFC 7591 section 2.1)"),
                    );
                }
            }
        }
        for grant in self.grant_types.iter().filter(|grant| grant.redirects()) {
            // A list in which nothing is known is narrowed to nothing, and was no contradiction.
            let stated = self.says_response_types && !self.response_types.is_empty();
            // An omitted list has nothing for it; where it is not served, it goes without more ado.
            let served = reading.serves(|served| served.grant_types.contains(grant));
            let implicit = *grant == GrantType::Implicit && served;
            if (stated || implicit) && !has_use_for(*grant, &self.response_types) {
                reading.problem(
                    Member::ResponseTypes,
                    format!(
                        "has nothing that the grant type '{grant}' could answer with (RFC 7591 section 2.1)"
                    ),
                );
            }
        }
        if self.grant_types == [GrantType::RefreshToken] {
            reading.problem(
                Member::GrantTypes,
                "has only 'refresh_token': name the grant too that the first refresh token comes from",
            );
        }
    }

    /// What is left of it here: every response type with its grants, every grant with its use.
    fn narrowed(&self, reading: &Reading<'_>) -> (Vec<GrantType>, Vec<ResponseType>) {
        let mut grants = self.grant_types.clone();
        let mut responses = self.response_types.clone();
        grants.retain(|grant| reading.serves(|served| served.grant_types.contains(grant)));
        responses.retain(|response| reading.serves(|served| served.response_types.contains(response)));
        responses
            .retain(|response| GrantType::required_by(*response).iter().all(|grant| grants.contains(grant)));
        grants.retain(|grant| !grant.redirects() || has_use_for(*grant, &responses));
        let refreshable = grants.iter().any(|grant| grant.can_give_refresh_tokens());
        grants.retain(|grant| *grant != GrantType::RefreshToken || refreshable);
        (grants, responses)
    }

    /// A client that can get no token by any flow is no client.
    fn nothing_left(&self, wire: &ClientMetadata, reading: &mut Reading<'_>) {
        let (grants, responses) = match reading.source {
            Source::Fresh(served) => (word::list(&served.grant_types), word::list(&served.response_types)),
            Source::AtRest => (word::list(GrantType::ALL), word::list(ResponseType::ALL)),
        };
        let grant_is_served = |grant: &GrantType| reading.serves(|served| served.grant_types.contains(grant));
        if self.grant_types.iter().any(|grant| grant.redirects() && grant_is_served(grant)) {
            reading
                .problem(Member::ResponseTypes, format!("has nothing that is served here: use {responses}"));
        } else if wire.grant_types.is_none() {
            reading.problem(
                Member::GrantTypes,
                format!(
                    "is omitted, which means 'authorization_code', and that is not served here: use {grants}"
                ),
            );
        } else if !self.grant_types.is_empty()
            || wire.grant_types.as_ref().is_some_and(|words| !words.is_empty())
        {
            reading.problem(Member::GrantTypes, format!("has nothing that is served here: use {grants}"));
        }
    }
}

fn has_use_for(grant: GrantType, responses: &[ResponseType]) -> bool {
    responses.iter().any(|response| GrantType::required_by(*response).contains(&grant))
}

fn known<T: PartialEq>(words: &[String], read: impl Fn(&str) -> Option<T>) -> Vec<T> {
    let mut known = Vec::with_capacity(words.len());
    for word in words.iter().filter_map(|word| read(word)) {
        if !known.contains(&word) {
            known.push(word);
        }
    }
    known
}

fn read_redirect_uris(wire: &ClientMetadata, reading: &mut Reading<'_>) -> Vec<RedirectUri> {
    let mut uris: Vec<RedirectUri> = Vec::new();
    for (index, text) in wire.redirect_uris.iter().flatten().enumerate() {
        match RedirectUri::parse(text) {
            Ok(uri) if uris.contains(&uri) => {}
            Ok(uri) => {
                if let (true, Err(why)) = (reading.is_fresh(), uri.has_no_parameter_of_an_answer()) {
                    reading.problem_at(Member::RedirectUris, Place::Index(index), why);
                }
                uris.push(uri);
            }
            Err(why) => reading.problem_at(Member::RedirectUris, Place::Index(index), why),
        }
    }
    uris
}

/// OpenID Connect Registration §2 says that omission means `web`; RFC 7591 does not know the member, and clients that
/// were written for it live on devices too. So omission means what the redirect URIs show, and the answer states it.
fn read_application_type(
    wire: &ClientMetadata,
    redirect_uris: &[RedirectUri],
    reading: &mut Reading<'_>,
) -> ApplicationType {
    let shown = if redirect_uris.iter().any(RedirectUri::is_on_a_device) {
        ApplicationType::Native
    } else {
        ApplicationType::Web
    };
    match wire.application_type.as_deref().map(str::parse) {
        None => shown,
        Some(Ok(stated)) => stated,
        Some(Err(_unknown)) => {
            reading.problem(
                Member::ApplicationType,
                format!("must be one of {}", word::list(ApplicationType::ALL)),
            );
            shown
        }
    }
}
