//! The authorization endpoint's requests and answers (RFC 6749 §4.1.1, OAuth 2.1 §4.1, OpenID Connect Core §3.1.2,
//! RFC 9207).

use std::collections::BTreeSet;

use form_urlencoded::Serializer;

use crate::description::Description;
use crate::form::Form;
use crate::word::word;

word! {
    /// The error codes of RFC 6749 §4.1.2.1, RFC 8707 §2 and OpenID Connect Core §3.1.2.6.
    AuthorizationErrorCode {
        /// A parameter is missing, repeated or malformed.
        InvalidRequest = "invalid_request",
        /// The client may not ask in this way.
        UnauthorizedClient = "unauthorized_client",
        /// The user, or the server, said no.
        AccessDenied = "access_denied",
        /// Nobody may ask in this way.
        UnsupportedResponseType = "unsupported_response_type",
        /// The scope is malformed, or all of it is beyond the client.
        InvalidScope = "invalid_scope",
        /// Something is wrong inside.
        ServerError = "server_error",
        /// Too much is going on.
        TemporarilyUnavailable = "temporarily_unavailable",
        /// The resource is unknown or malformed.
        InvalidTarget = "invalid_target",
        /// The user would have to do something, and must not be asked.
        InteractionRequired = "interaction_required",
        /// The user would have to sign in.
        LoginRequired = "login_required",
        /// The user would have to choose an account.
        AccountSelectionRequired = "account_selection_required",
        /// The user would have to consent.
        ConsentRequired = "consent_required",
        /// Request objects are not taken.
        RequestNotSupported = "request_not_supported",
        /// Request objects are not fetched.
        RequestUriNotSupported = "request_uri_not_supported",
        /// Clients do not register in this way.
        RegistrationNotSupported = "registration_not_supported",
    }
}

word! {
    /// What the user is to be asked (OpenID Connect Core §3.1.2.1, `prompt`).
    Prompt {
        /// Nothing.
        None = "none",
        /// To sign in, whether or not they have.
        Login = "login",
        /// For consent, whether or not they gave it before.
        Consent = "consent",
        /// Which account to use.
        SelectAccount = "select_account",
    }
}

word! {
    /// How parameters come back (OAuth 2.0 Multiple Response Type Encoding Practices §2.1).
    ResponseMode {
        /// In the query.
        Query = "query",
        /// In the fragment, which no server sees.
        Fragment = "fragment",
    }
}

/// The parameters that are read. `resource` alone may stand several times (RFC 8707 §2).
pub const PARAMETERS: [&str; 20] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "for_origin",
    "id_token_hint",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "registration",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "ui_locales",
    "acr_values",
];

/// A request, read and judged by nobody. Members are as they were sent; absent where they were empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// What is to come back.
    pub response_type: Option<String>,
    /// How.
    pub response_mode: Option<String>,
    /// Who asks.
    pub client_id: Option<String>,
    /// Where to.
    pub redirect_uri: Option<String>,
    /// What for.
    pub scope: Option<String>,
    /// What the client knows the answer by.
    pub state: Option<String>,
    /// For which APIs (RFC 8707).
    pub resources: Vec<String>,
    /// What the ID token is to repeat.
    pub nonce: Option<String>,
    /// What to ask the user, in their words.
    pub prompt: Option<String>,
    /// How old a sign-in may be, in seconds.
    pub max_age: Option<String>,
    /// Languages that the user reads.
    pub ui_locales: Option<String>,
    /// Who probably signs in.
    pub login_hint: Option<String>,
    /// An ID token that says who must have signed in.
    pub id_token_hint: Option<String>,
    /// What the redeemer of the code will have to know (RFC 7636).
    pub code_challenge: Option<String>,
    /// How the challenge was made.
    pub code_challenge_method: Option<String>,
    /// The origin of the page that asks, where one does in a frame.
    pub for_origin: Option<String>,
    /// Parameters that are there and not taken: `request`, `request_uri`, `registration`.
    pub not_taken: Vec<AuthorizationErrorCode>,
    /// A parameter that stands more than once, if there is one.
    pub repeated: Option<String>,
}

impl AuthorizationRequest {
    /// Reads the parameters. Those that nobody knows are ignored (RFC 6749 §3.1).
    pub fn read(form: &Form) -> Self {
        let text = |name: &str| form.get(name).map(str::to_owned);
        let not_taken = [
            ("request", AuthorizationErrorCode::RequestNotSupported),
            ("request_uri", AuthorizationErrorCode::RequestUriNotSupported),
            ("registration", AuthorizationErrorCode::RegistrationNotSupported),
        ];
        Self {
            response_type: text("response_type"),
            response_mode: text("response_mode"),
            client_id: text("client_id"),
            redirect_uri: text("redirect_uri"),
            scope: text("scope"),
            state: text("state"),
            resources: form.all("resource").map(str::to_owned).collect(),
            nonce: text("nonce"),
            prompt: text("prompt"),
            max_age: text("max_age"),
            ui_locales: text("ui_locales"),
            login_hint: text("login_hint"),
            id_token_hint: text("id_token_hint"),
            code_challenge: text("code_challenge"),
            code_challenge_method: text("code_challenge_method"),
            for_origin: text("for_origin"),
            not_taken: not_taken
                .into_iter()
                .filter(|(name, _)| form.get(name).is_some())
                .map(|(_, code)| code)
                .collect(),
            repeated: form.repeated().map(str::to_owned),
        }
    }

    /// What the user is to be asked.
    ///
    /// # Errors
    /// A word that nobody knows, or `none` beside another one; the text says so.
    pub fn prompts(&self) -> Result<BTreeSet<Prompt>, &'static str> {
        let words = self.prompt.as_deref().unwrap_or_default().split(' ').filter(|word| !word.is_empty());
        let prompts: Result<BTreeSet<Prompt>, _> = words.map(str::parse).collect();
        match prompts {
            Ok(prompts) if prompts.contains(&Prompt::None) && prompts.len() > 1 => {
                Err("'prompt' has 'none' beside something else (OpenID Connect Core section 3.1.2.1)")
            }
            Ok(prompts) => Ok(prompts),
            Err(_unknown) => {
                Err("'prompt' has a word that is not known here: use none, login, consent or select_account")
            }
        }
    }
}

/// Why there is no code: a code of the specifications, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationError {
    /// What kind of thing is wrong.
    pub error: AuthorizationErrorCode,
    /// What to do.
    pub error_description: Description,
}

impl AuthorizationError {
    /// An error, with what to do about it.
    pub fn new(error: AuthorizationErrorCode, text: impl Into<Description>) -> Self {
        Self { error, error_description: text.into() }
    }
}

/// Parameters of an answer that no redirect URI may have of its own: the client could not tell whose they are (RFC 6749
/// §3.1.2, RFC 9207 §2.4).
pub const ANSWER_PARAMETERS: [&str; 13] = [
    "access_token",
    "code",
    "error",
    "error_description",
    "error_uri",
    "expires_in",
    "id_token",
    "iss",
    "response",
    "scope",
    "session_state",
    "state",
    "token_type",
];

/// The address that an answer is sent to: the redirect URI, with parameters in its query (what it has there stays,
/// RFC 6749 §3.1.2) or in its fragment. Parameters whose value is absent are left out.
pub fn answer_uri(redirect_uri: &str, mode: ResponseMode, parameters: &[(&str, Option<&str>)]) -> String {
    let mut encoded = Serializer::new(String::new());
    for (name, value) in parameters {
        if let Some(value) = value {
            encoded.append_pair(name, value);
        }
    }
    let joint = match mode {
        ResponseMode::Fragment => "#",
        ResponseMode::Query if redirect_uri.ends_with(['?', '&']) => "",
        ResponseMode::Query if redirect_uri.contains('?') => "&",
        ResponseMode::Query => "?",
    };
    format!("{redirect_uri}{joint}{}", encoded.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_the_query_that_was_registered() {
        let answer = |uri: &str, mode| {
            answer_uri(uri, mode, &[("code", Some("a b&c")), ("state", None), ("iss", Some("i"))])
        };
        assert_eq!(
            answer("https://a.example/cb", ResponseMode::Query),
            "https://a.example/cb?code=a+b%26c&iss=i"
        );
        assert_eq!(
            answer("https://a.example/cb?x=1&y=%2F", ResponseMode::Query),
            "https://a.example/cb?x=1&y=%2F&code=a+b%26c&iss=i"
        );
        assert_eq!(
            answer("https://a.example/cb?", ResponseMode::Query),
            "https://a.example/cb?code=a+b%26c&iss=i"
        );
        assert_eq!(answer("com.example:/cb", ResponseMode::Fragment), "com.example:/cb#code=a+b%26c&iss=i");
    }

    #[test]
    fn prompts_that_contradict_each_other_are_refused() {
        let prompts = |text: &str| {
            AuthorizationRequest { prompt: Some(text.to_owned()), ..Default::default() }.prompts()
        };
        assert_eq!(prompts("login consent"), Ok(BTreeSet::from([Prompt::Login, Prompt::Consent])));
        assert_eq!(prompts("none"), Ok(BTreeSet::from([Prompt::None])));
        assert!(prompts("none login").unwrap_err().contains("'none' beside"));
        assert!(prompts("telepathy").unwrap_err().contains("not known"));
        assert_eq!(AuthorizationRequest::default().prompts(), Ok(BTreeSet::new()));
    }

    #[test]
    fn what_is_not_taken_is_named() {
        let form = Form::parse_repeating(b"client_id=a&request=x&request_uri=&scope=a&scope=b").unwrap();
        let request = AuthorizationRequest::read(&form);
        assert_eq!(request.not_taken, [AuthorizationErrorCode::RequestNotSupported]);
        assert_eq!(request.repeated.as_deref(), Some("scope"));
        assert_eq!(request.client_id.as_deref(), Some("a"));
    }
}
