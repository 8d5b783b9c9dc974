//! Signing in on another device (OpenID Connect CIBA §4).

use protocol::client_metadata::{ClientMetadata, Member};
use protocol::grant_type::GrantType;

use super::{Flows, Reading};

/// How a client that uses CIBA hears of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BackchannelAuthentication {
    delivery_mode: String,
    notification_endpoint: Option<String>,
    request_signing_alg: Option<String>,
    user_code_parameter: Option<bool>,
}

impl BackchannelAuthentication {
    /// `None` for clients that do not use the grant: the members say nothing of them.
    pub(super) fn read(wire: &ClientMetadata, flows: &Flows, reading: &mut Reading<'_>) -> Option<Self> {
        if !flows.grant_types().contains(&GrantType::Ciba) {
            return None;
        }
        let notification_endpoint = reading.https(
            Member::BackchannelClientNotificationEndpoint,
            wire.backchannel_client_notification_endpoint.as_deref(),
        );
        let delivery_mode = wire.backchannel_token_delivery_mode.clone().unwrap_or_default();
        match delivery_mode.as_str() {
            "poll" => {}
            "ping" | "push" if notification_endpoint.is_some() => {}
            "ping" | "push" => reading.problem(
                Member::BackchannelClientNotificationEndpoint,
                format!("is missing: '{delivery_mode}' needs it (CIBA Core section 4)"),
            ),
            _ => reading.problem(
                Member::BackchannelTokenDeliveryMode,
                "must be one of poll, ping, push (CIBA Core section 4)",
            ),
        }
        Some(Self {
            delivery_mode,
            notification_endpoint,
            request_signing_alg: wire.backchannel_authentication_request_signing_alg.clone(),
            user_code_parameter: wire
                .backchannel_user_code_parameter
                .or_else(|| reading.is_fresh().then_some(false)),
        })
    }

    pub(super) fn write(&self, wire: &mut ClientMetadata) {
        let Self { delivery_mode, notification_endpoint, request_signing_alg, user_code_parameter } = self;
        wire.backchannel_token_delivery_mode = Some(delivery_mode.clone());
        wire.backchannel_client_notification_endpoint.clone_from(notification_endpoint);
        wire.backchannel_authentication_request_signing_alg.clone_from(request_signing_alg);
        wire.backchannel_user_code_parameter = *user_code_parameter;
    }
}
