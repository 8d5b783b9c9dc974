//! What identifiers of users the client sees (OpenID Connect Core §8, OpenID Connect Registration §5).

use protocol::client_metadata::{ClientMetadata, Member};
use protocol::subject_type::SubjectType;
use protocol::word;
use url::Url;

use super::{Flows, Reading};

/// Subject type and, for pairwise ones, the sector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subject {
    subject_type: Option<SubjectType>,
    sector_identifier_uri: Option<String>,
}

impl Subject {
    pub(super) fn read(wire: &ClientMetadata, flows: &Flows, reading: &mut Reading<'_>) -> Self {
        let pairwise_is_served = reading.serves(|served| served.pairwise_subjects);
        let subject_type = match wire.subject_type.as_deref().map(str::parse) {
            None => SubjectType::Public,
            Some(Ok(SubjectType::Pairwise)) if !pairwise_is_served => {
                reading.problem(
                    Member::SubjectType,
                    "is 'pairwise', a protection that is not enforced here: use public",
                );
                SubjectType::Public
            }
            Some(Ok(stated)) => stated,
            Some(Err(_unknown)) => {
                reading
                    .problem(Member::SubjectType, format!("must be one of {}", word::list(SubjectType::ALL)));
                SubjectType::Public
            }
        };
        let sector = reading.https(Member::SectorIdentifierUri, wire.sector_identifier_uri.as_deref());
        // OpenID Connect Core §8.1: without a document that lists them, all redirect URIs are on one host.
        if subject_type == SubjectType::Pairwise && sector.is_none() {
            let mut hosts: Vec<Option<String>> = flows
                .redirect_uris()
                .iter()
                .map(|uri| Url::parse(uri.as_str()).ok().and_then(|url| url.host_str().map(str::to_owned)))
                .collect();
            hosts.sort_unstable();
            hosts.dedup();
            if hosts.len() > 1 {
                reading.problem(
                    Member::SectorIdentifierUri,
                    "is missing: 'pairwise' with redirect URIs on several hosts needs it (OpenID Connect Core section 8.1)",
                );
            }
        }
        Self {
            // There are no users, or they have one identifier each: then the member has no effect worth an echo.
            subject_type: (reading.serves(|served| served.sign_in)
                && (reading.is_fresh() || wire.subject_type.is_some()))
            .then_some(subject_type),
            sector_identifier_uri: sector.filter(|_| pairwise_is_served),
        }
    }

    pub(super) fn write(&self, wire: &mut ClientMetadata) {
        let Self { subject_type, sector_identifier_uri } = self;
        wire.subject_type = subject_type.map(|subject_type| subject_type.to_string());
        wire.sector_identifier_uri.clone_from(sector_identifier_uri);
    }
}
