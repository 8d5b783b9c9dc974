//! What a person is asked about a request, from what is known of it.

use aws_lc_rs::digest::{Context, SHA256};
use axum::response::Response;
use http::header::{self, HeaderMap};
use issuance::authorize::{Asked, Inquiry, Person, ReplyTo};
use issuance::profile::Profile;
use protocol::jose::encode_base64url;
use registration::access::Registrant;
use registration::client::{Definition, EffectiveClient};
use registration::metadata::Presentation;

use super::only;
use crate::pages::{
    By, ChooseAccount, ClientShown, ConfirmRegistration, Consent, Destination, Door, Preferences, Registered,
    ScopeShown, SignIn, SignInProblem, device_of,
};

/// A question, and whom it is put to.
pub(super) struct Question<'a> {
    pub(super) inquiry: &'a Inquiry,
    /// The address of the page. Its forms are sent below it.
    pub(super) page: &'a str,
    pub(super) reader: &'a Preferences,
    pub(super) headers: &'a HeaderMap,
    pub(super) profile: &'a Profile,
}

impl Question<'_> {
    /// Who are you? `again` has what was typed, and what was wrong with it.
    pub(super) fn sign_in(&self, again: Option<(&str, SignInProblem)>) -> Response {
        let presentation = self.inquiry.client.presentation();
        let hint = self.inquiry.request.login_hint.as_deref();
        SignIn {
            client: &shown(&self.inquiry.client, &presentation),
            destination: &self.destination(),
            action: &format!("{}/sign-in", self.page),
            username: again.map(|(username, _)| username).or(hint),
            problem: again.map(|(_, problem)| problem),
            cancel: true,
        }
        .to_response(self.reader)
    }

    /// Is it still you?
    pub(super) fn choose_account(&self, person: &Person) -> Response {
        let presentation = self.inquiry.client.presentation();
        ChooseAccount {
            client: &shown(&self.inquiry.client, &presentation),
            destination: &self.destination(),
            action: &format!("{}/account", self.page),
            account: &person.user.username,
        }
        .to_response(self.reader)
    }

    /// May it have this?
    pub(super) fn consent(&self, asked: &Asked, person: &Person, remembered: bool) -> Response {
        let presentation = self.inquiry.client.presentation();
        let client = &shown(&self.inquiry.client, &presentation);
        let destination = &self.destination();
        let (account, action) = (person.user.username.as_str(), format!("{}/consent", self.page));
        let fingerprint = fingerprint(self.inquiry, asked, person);
        if asked.is_for_registering() {
            let device = device_of(only(self.headers, &header::USER_AGENT));
            let (action, shown) = (&action, &fingerprint);
            return ConfirmRegistration { client, destination, device, account, action, shown, remembered }
                .to_response(self.reader);
        }
        let texts = &self.profile.resource.scope_texts;
        let scopes: Vec<ScopeShown<'_>> = asked
            .scope
            .iter()
            .map(|token| ScopeShown { token, text: texts.get(token).and_then(|text| self.reader.pick(text)) })
            .collect();
        Consent {
            client,
            destination,
            scopes: &scopes,
            account,
            action: &action,
            shown: &fingerprint,
            remembered,
        }
        .to_response(self.reader)
    }

    fn destination(&self) -> Destination {
        match &self.inquiry.reply_to {
            ReplyTo::Redirect { uri, .. } => Destination::of(uri),
            ReplyTo::Message { .. } => Destination::Host(self.inquiry.destination()),
        }
    }
}

fn shown<'a>(client: &'a EffectiveClient, presentation: &'a Presentation) -> ClientShown<'a> {
    let registered = match client.registered() {
        None => Registered::ByOperator,
        Some(registered) => Registered::Since {
            date: registered.at.to_string().chars().take(10).collect(),
            door: match client.definition() {
                Definition::Own(..) => Door::Own,
                Definition::Instance(..) => Door::Template,
            },
            by: match &registered.by {
                Registrant::Anonymous => By::Anonymous,
                Registrant::User { .. } => By::User,
                Registrant::Client { .. } | Registrant::Operator => By::Client,
            },
        },
    };
    ClientShown {
        id: client.id(),
        name: presentation.client_name(),
        client_uri: presentation.client_uri(),
        policy_uri: presentation.policy_uri(),
        tos_uri: presentation.tos_uri(),
        registered,
    }
}

/// Everything that a yes is to: who asks and what they say of themselves, where it goes, for what, and who says it in which session.
fn fingerprint(inquiry: &Inquiry, asked: &Asked, person: &Person) -> String {
    let reply_to = match &inquiry.reply_to {
        ReplyTo::Redirect { uri, .. } => uri.clone(),
        ReplyTo::Message { origins } => origins.join(" "),
    };
    let mut context = Context::new(&SHA256);
    for part in [
        inquiry.client.id(),
        &reply_to,
        &asked.scope.to_string(),
        &person.session.id.to_string(),
        &person.user.id.to_string(),
        &format!("{:?}", inquiry.client.presentation()),
    ] {
        context.update(part.as_bytes());
        context.update(&[0]);
    }
    encode_base64url(context.finish())
}

/// Whether this is what the person was shown.
pub(super) fn is_shown(said: &str, inquiry: &Inquiry, asked: &Asked, person: &Person) -> bool {
    said == fingerprint(inquiry, asked, person)
}
