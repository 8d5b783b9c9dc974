//! Where signing out leads (OpenID Connect RP-Initiated, Front-Channel and Back-Channel Logout 1.0).

use protocol::client_metadata::{ClientMetadata, Member};
use protocol::registration_error::Place;

use super::{Reading, RedirectUri};

/// An address that is told of a logout, and whether it must be told which session.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listener {
    uri: String,
    session_required: Option<bool>,
}

/// All about signing out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Logout {
    redirect_uris: Option<Vec<String>>,
    frontchannel: Option<Listener>,
    backchannel: Option<Listener>,
}

impl Logout {
    pub(super) fn read(wire: &ClientMetadata, reading: &mut Reading<'_>) -> Self {
        let fresh = reading.is_fresh();
        let listener = |uri: Option<String>, required: Option<bool>| {
            uri.map(|uri| Listener { uri, session_required: required.or_else(|| fresh.then_some(false)) })
        };
        let redirect_uris = read_redirect_uris(wire, reading);
        let frontchannel =
            reading.https(Member::FrontchannelLogoutUri, wire.frontchannel_logout_uri.as_deref());
        let backchannel = reading.https(Member::BackchannelLogoutUri, wire.backchannel_logout_uri.as_deref());
        Self {
            redirect_uris: redirect_uris.filter(|_| reading.serves(|served| served.rp_initiated_logout)),
            frontchannel: listener(frontchannel, wire.frontchannel_logout_session_required)
                .filter(|_| reading.serves(|served| served.frontchannel_logout)),
            backchannel: listener(backchannel, wire.backchannel_logout_session_required)
                .filter(|_| reading.serves(|served| served.backchannel_logout)),
        }
    }

    pub(super) fn write(&self, wire: &mut ClientMetadata) {
        let Self { redirect_uris, frontchannel, backchannel } = self;
        wire.post_logout_redirect_uris.clone_from(redirect_uris);
        if let Some(Listener { uri, session_required }) = frontchannel {
            wire.frontchannel_logout_uri = Some(uri.clone());
            wire.frontchannel_logout_session_required = *session_required;
        }
        if let Some(Listener { uri, session_required }) = backchannel {
            wire.backchannel_logout_uri = Some(uri.clone());
            wire.backchannel_logout_session_required = *session_required;
        }
    }
}

/// A browser is sent there, so what is dangerous for an answer is dangerous here.
fn read_redirect_uris(wire: &ClientMetadata, reading: &mut Reading<'_>) -> Option<Vec<String>> {
    let uris = wire.post_logout_redirect_uris.as_ref()?;
    for (index, uri) in uris.iter().enumerate() {
        if let Err(why) = RedirectUri::parse(uri) {
            reading.problem_at(Member::PostLogoutRedirectUris, Place::Index(index), why);
        }
    }
    Some(uris.clone())
}
