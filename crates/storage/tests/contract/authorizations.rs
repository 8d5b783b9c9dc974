use std::sync::Arc;

use issuance::authorize::{Endpoint, GivenConsent, NewCode, NewInitialAccessToken, PendingRequest, Progress};
use issuance::store::{CodeIssue, Once};
use primitives::audit::EventKind;
use primitives::clock::Timestamp;
use primitives::secret::SecretHash;
use registration::access::Origin;
use storage::Store;

use crate::world::{NOW, added, code, event, id, later, profile, provision, token, user};

fn request() -> PendingRequest {
    PendingRequest {
        id: id(),
        hash: SecretHash::of("h"),
        browser: None,
        endpoint: Endpoint::Authorize,
        parameters: "client_id=a&state=%22".into(),
        expires_at: later(900),
        session: None,
        has_signed_in: false,
    }
}

pub(crate) async fn a_request_reads_back_with_what_its_person_did(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let (staff, sessions) = (profile("staff"), [id(), id()]);
    let record = PendingRequest { endpoint: Endpoint::AssistedToken, ..request() };
    store.keep_request(&staff, record.clone()).await.unwrap();
    let read = || async { store.request(&staff, record.id).await.unwrap().unwrap() };
    assert_eq!(read().await, record);
    for (progress, session, has_signed_in) in [
        (Progress::Chose(sessions[0]), sessions[0], false),
        (Progress::SignedIn(sessions[0]), sessions[0], true),
        // Who signed in, and chose that account then, has signed in; who chose another one has not.
        (Progress::Chose(sessions[0]), sessions[0], true),
        (Progress::Chose(sessions[1]), sessions[1], false),
    ] {
        store.note_progress(&staff, record.id, progress).await.unwrap();
        let now = read().await;
        assert_eq!((now.session, now.has_signed_in), (Some(session), has_signed_in), "{progress:?}");
    }
    provision(&*store, "open", &[]).await;
    assert_eq!(store.request(&profile("open"), record.id).await.unwrap(), None);
    assert_eq!(store.drop_request(&staff, record.id).await.unwrap(), Once::Now);
    assert_eq!(store.drop_request(&staff, record.id).await.unwrap(), Once::Before);
    assert_eq!(store.request(&staff, record.id).await.unwrap(), None);
}

pub(crate) async fn a_request_is_bound_to_the_browser_that_opens_it_first(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let (staff, record) = (profile("staff"), request());
    store.keep_request(&staff, record.clone()).await.unwrap();
    for browser in ["first", "second"] {
        let opened = Progress::Opened {
            browser: SecretHash::of(browser),
            hash: SecretHash::of(&format!("h {browser}")),
        };
        store.note_progress(&staff, record.id, opened).await.unwrap();
        let read = store.request(&staff, record.id).await.unwrap().unwrap();
        assert_eq!((read.browser, read.hash), (Some(SecretHash::of("first")), SecretHash::of("h first")));
    }
}

pub(crate) async fn a_request_is_answered_once_however_many_answer_at_once(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let alice = added(&*store, "main", user("alice")).await;
    let (staff, record) = (profile("staff"), request());
    store.keep_request(&staff, record.clone()).await.unwrap();
    let mut issued = 0;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..100 {
        let (store, staff, answers) = (Arc::clone(&store), staff.clone(), Some(record.id));
        tasks.spawn(async move {
            if n % 2 == 0 {
                let code = code(alice);
                let name = code.id;
                let issue = NewCode { code, consent: None, answers, events: vec![] };
                let issued = store.issue_code(&staff, issue).await.unwrap();
                let exists = store.code(&staff, &"main".parse().unwrap(), name).await.unwrap().is_some();
                assert_eq!(exists, issued == CodeIssue::Issued);
                issued
            } else {
                let mut record = token();
                record.origin = Origin::SignIn { client_id: "shop-app".into(), subject: alice.to_string() };
                let name = record.id;
                let issue = NewInitialAccessToken { record, consent: None, answers, events: vec![] };
                let issued = store.issue_initial_access_token(&staff, issue).await.unwrap();
                let exists = store.initial_access_token(&staff, name).await.unwrap().is_some();
                assert_eq!(exists, issued == CodeIssue::Issued);
                issued
            }
        });
    }
    while let Some(answer) = tasks.join_next().await {
        issued += usize::from(answer.unwrap() == CodeIssue::Issued);
    }
    assert_eq!(issued, 1);
}

pub(crate) async fn a_consent_is_kept_with_its_code_and_grows(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let alice = added(&*store, "main", user("alice")).await;
    let bob = added(&*store, "main", user("bob")).await;
    let staff = profile("staff");
    let give = |scope: &str| {
        let consent = GivenConsent {
            user: alice,
            client_id: "app".into(),
            destination: "app.example".into(),
            scope: scope.parse().unwrap(),
            at: NOW,
        };
        let events = vec![event(EventKind::ConsentGiven)];
        let issue = NewCode { code: code(alice), consent: Some(consent), answers: None, events };
        let (store, staff) = (Arc::clone(&store), staff.clone());
        async move { store.issue_code(&staff, issue).await.unwrap() }
    };
    give("a b").await;
    give("b c").await;
    let find = |user, client_id: &'static str, destination: &'static str| {
        let (store, staff) = (Arc::clone(&store), staff.clone());
        async move { store.consent(&staff, user, client_id, destination).await.unwrap() }
    };
    assert_eq!(find(alice, "app", "app.example").await, Some("a b c".parse().unwrap()));
    for (user, client_id, destination) in
        [(bob, "app", "app.example"), (alice, "other", "app.example"), (alice, "app", "evil.example")]
    {
        assert_eq!(find(user, client_id, destination).await, None);
    }
    // What was not issued is not consented to either.
    let mut refused = NewCode { code: code(alice), consent: None, answers: Some(id()), events: vec![] };
    refused.consent = Some(GivenConsent {
        user: bob,
        client_id: "app".into(),
        destination: "app.example".into(),
        scope: "a".parse().unwrap(),
        at: NOW,
    });
    assert_eq!(store.issue_code(&staff, refused).await.unwrap(), CodeIssue::RequestGone);
    assert_eq!(find(bob, "app", "app.example").await, None);
    let told = store.audit_since(Timestamp::from_seconds(0), 100).await.unwrap();
    assert_eq!(told.iter().filter(|entry| entry.kind == "consent-given").count(), 2);
}
