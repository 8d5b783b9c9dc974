use std::sync::Arc;
use std::time::Duration;

use issuance::access_token::AccessTokenRecord;
use issuance::authorize::{CodeRecord, NewCode};
use issuance::grant::{Gives, GrantRecord, Redemption, RefreshFamily, Rotation};
use issuance::store::{Once, Redeemed, Rotated};
use primitives::audit::EventKind;
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;
use registration::access::Origin;
use storage::{Retention, Store};

use crate::world::{
    NOW, added, code, directory, directory_event, event, grant, id, later, profile, provision, session,
    token, user,
};

async fn issued(store: &dyn Store, code: &CodeRecord) {
    let issue = NewCode { code: code.clone(), consent: None, answers: None, events: vec![] };
    store.issue_code(&profile("staff"), issue).await.unwrap();
}

fn redemption(code: OrderedId, gives: Gives) -> Redemption {
    let (given, replayed) = (event(EventKind::GrantIssued), event(EventKind::AuthorizationCodeReplayed));
    Redemption { code, at: NOW, gives, given, replayed }
}

fn rotation(grant: OrderedId, presented: &str, next: &str, at: Timestamp) -> Rotation {
    Rotation {
        grant,
        presented: SecretHash::of(presented),
        next: SecretHash::of(next),
        at,
        overlap: Duration::from_secs(60),
        access_token: None,
        reused: event(EventKind::RefreshTokenReused),
    }
}

/// A grant with a family whose first token is `t0`.
async fn granted(store: &dyn Store, user: identity::user::UserId) -> GrantRecord {
    let code = code(user);
    issued(store, &code).await;
    let mut grant = grant(&code);
    grant.refresh = Some(RefreshFamily {
        family: SecretHash::of("f"),
        current: SecretHash::of("t0"),
        previous: None,
        rotated_at: NOW,
    });
    let gives = Gives::Grant(Box::new(grant.clone()), None);
    let redeemed =
        store.redeem(&profile("staff"), &directory("main"), redemption(code.id, gives)).await.unwrap();
    assert_eq!(redeemed, Redeemed::Now);
    grant
}

pub(crate) async fn a_code_reads_back_as_it_was_written_with_what_stands_against_it(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let (staff, main) = (profile("staff"), directory("main"));
    let record = user("alice");
    let alice = added(&*store, "main", record.clone()).await;
    let session = session(alice);
    store.begin_session(&main, session.clone(), None, event(EventKind::UserSignedIn)).await.unwrap();
    let code = CodeRecord { session: session.id, ..code(alice) };
    issued(&*store, &code).await;
    let (read, marks) = store.code(&staff, &main, code.id).await.unwrap().unwrap();
    assert_eq!((read, marks.user), (code.clone(), Some(record.user)));
    assert_eq!((marks.session.ended_at, marks.client_not_before), (None, None));

    let ended = event(EventKind::SessionEnded);
    let at = ended.at();
    store.end_session(&main, session.id, ended).await.unwrap();
    let mut mark = event(EventKind::GrantEnded);
    mark.client_id = Some(code.client_id.clone());
    let marked_at = mark.at();
    store.mark_client(mark).await.unwrap();
    let (_, marks) = store.code(&staff, &main, code.id).await.unwrap().unwrap();
    assert_eq!(marks.session.ended_at, Some(at));
    assert!(marks.client_not_before.unwrap() > marked_at, "later than everything that was told of");
    assert!(store.code(&staff, &main, id()).await.unwrap().is_none());
    assert!(store.code(&staff, &directory("nowhere"), code.id).await.unwrap().is_none());
}

pub(crate) async fn a_code_gives_something_once_however_many_ask_at_once(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let alice = added(&*store, "main", user("alice")).await;
    let code = code(alice);
    issued(&*store, &code).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (store, code) = (Arc::clone(&store), code.clone());
        tasks.spawn(async move {
            let grant = grant(&code);
            let gives = Gives::Grant(Box::new(grant.clone()), None);
            let redemption = redemption(code.id, gives);
            let redeemed = store.redeem(&profile("staff"), &directory("main"), redemption).await.unwrap();
            (redeemed, grant.id)
        });
    }
    let mut first = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (redeemed, grant) = done.unwrap();
        let kept = store.grant(&profile("staff"), &directory("main"), grant).await.unwrap();
        assert_eq!(kept.is_some(), redeemed == Redeemed::Now);
        first.extend(kept);
    }
    assert_eq!(first.len(), 1);
    let (grant, _) =
        store.grant(&profile("staff"), &directory("main"), first[0].0.id).await.unwrap().unwrap();
    assert!(grant.ended_at.is_some(), "and the others took it back");
    let told = store.audit_since(Timestamp::from_seconds(0), 1_000).await.unwrap();
    let of = |kind: &str| told.iter().filter(|entry| entry.kind == kind).count();
    assert_eq!((of("grant-issued"), of("authorization-code-replayed")), (1, 1));
}

pub(crate) async fn a_code_that_is_unknown_or_over_gives_nothing(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let alice = added(&*store, "main", user("alice")).await;
    let code = CodeRecord { expires_at: NOW, ..code(alice) };
    issued(&*store, &code).await;
    for name in [code.id, id()] {
        let grant = grant(&code);
        let gives = Gives::Grant(Box::new(grant.clone()), None);
        let redeemed = store.redeem(&profile("staff"), &directory("main"), redemption(name, gives)).await;
        assert_eq!(redeemed.unwrap(), Redeemed::Unknown);
        assert!(store.grant(&profile("staff"), &directory("main"), grant.id).await.unwrap().is_none());
    }
}

pub(crate) async fn a_token_to_register_with_is_taken_back_with_its_code(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let alice = added(&*store, "main", user("alice")).await;
    let code = code(alice);
    issued(&*store, &code).await;
    let mut record = token();
    record.origin = Origin::SignIn { client_id: "shop-app".into(), subject: alice.to_string() };
    let redeem = || {
        let redemption = redemption(code.id, Gives::InitialAccessToken(record.clone()));
        let store = Arc::clone(&store);
        async move { store.redeem(&profile("staff"), &directory("main"), redemption).await.unwrap() }
    };
    assert_eq!(redeem().await, Redeemed::Now);
    let read = || async { store.initial_access_token(&profile("staff"), record.id).await.unwrap().unwrap() };
    assert_eq!(read().await, record);
    assert_eq!(redeem().await, Redeemed::Before);
    assert!(read().await.revoked_at.is_some());
}

pub(crate) async fn a_grant_reads_back_as_it_was_written(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let record = user("alice");
    let alice = added(&*store, "main", record.clone()).await;
    let grant = granted(&*store, alice).await;
    let (read, marks) = store.grant(&profile("staff"), &directory("main"), grant.id).await.unwrap().unwrap();
    assert_eq!((&read, &marks.user), (&grant, &Some(record.user)));
    assert!(read.standing(&marks, NOW).is_some());
    assert!(read.standing(&marks, grant.expires_at).is_none());
    let event_of = |kind| directory_event("main", kind, alice);
    store.set_disabled(alice, Some(later(1)), event_of(EventKind::UserDisabled)).await.unwrap();
    let (read, marks) = store.grant(&profile("staff"), &directory("main"), grant.id).await.unwrap().unwrap();
    assert!(read.standing(&marks, NOW).is_none());
}

pub(crate) async fn a_refresh_token_is_rotated_and_a_lost_answer_can_be_had_again(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let alice = added(&*store, "main", user("alice")).await;
    let grant = granted(&*store, alice).await;
    let rotate = |presented: &'static str, next: &'static str, at: Timestamp| {
        let rotation = rotation(grant.id, presented, next, at);
        let store = Arc::clone(&store);
        async move { store.rotate(&profile("staff"), rotation).await.unwrap() }
    };
    assert_eq!(rotate("t0", "t1", later(10)).await, Rotated::Now);
    assert_eq!(rotate("t0", "t1b", later(69)).await, Rotated::Now, "the answer with t1 was lost");
    assert_eq!(rotate("t0", "t1c", later(69)).await, Rotated::Now, "and the next one too");
    assert_eq!(rotate("t1c", "t2", later(69)).await, Rotated::Now);
    assert_eq!(rotate("t2", "t3", later(500)).await, Rotated::Now);
    assert_eq!(rotate("t2", "t3b", later(560)).await, Rotated::Reused, "the moment is over");
    assert_eq!(rotate("t3", "t4", later(561)).await, Rotated::Ended);
    assert_eq!(rotate("t0", "t5", later(562)).await, Rotated::Ended);
    let told = store.audit_since(Timestamp::from_seconds(0), 1_000).await.unwrap();
    assert_eq!(told.iter().filter(|entry| entry.kind == "refresh-token-reused").count(), 1);
}

pub(crate) async fn a_token_that_was_replaced_ends_the_family(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let alice = added(&*store, "main", user("alice")).await;
    let grant = granted(&*store, alice).await;
    for (presented, next, became) in
        [("t0", "t1", Rotated::Now), ("t0", "t1b", Rotated::Now), ("t1", "t2", Rotated::Reused)]
    {
        let rotation = rotation(grant.id, presented, next, later(1));
        assert_eq!(store.rotate(&profile("staff"), rotation).await.unwrap(), became, "{presented}");
    }
    let rotation = rotation(id(), "t0", "t1", NOW);
    assert_eq!(store.rotate(&profile("staff"), rotation).await.unwrap(), Rotated::Ended, "there is none");
}

pub(crate) async fn a_refresh_token_is_current_for_one_of_many(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let alice = added(&*store, "main", user("alice")).await;
    let grant = granted(&*store, alice).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..100 {
        let store = Arc::clone(&store);
        let rotation = rotation(grant.id, "t0", &format!("next {n}"), later(1));
        tasks.spawn(async move { store.rotate(&profile("staff"), rotation).await.unwrap() });
    }
    while let Some(rotated) = tasks.join_next().await {
        // Each of them lost the answer of the one before.
        assert_eq!(rotated.unwrap(), Rotated::Now);
    }
    let (read, _) = store.grant(&profile("staff"), &directory("main"), grant.id).await.unwrap().unwrap();
    let family = read.refresh.unwrap();
    assert_eq!(family.previous, Some(SecretHash::of("t0")));
    let good = (0..100).filter(|n| SecretHash::of(&format!("next {n}")) == family.current).count();
    assert_eq!(good, 1);
}

pub(crate) async fn a_grant_ends_once(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let alice = added(&*store, "main", user("alice")).await;
    let grant = granted(&*store, alice).await;
    assert_eq!(store.end_grant(grant.id, event(EventKind::GrantEnded)).await.unwrap(), Once::Now);
    assert_eq!(store.end_grant(grant.id, event(EventKind::GrantEnded)).await.unwrap(), Once::Before);
    assert_eq!(store.end_grant(id(), event(EventKind::GrantEnded)).await.unwrap(), Once::Before);
    let rotation = rotation(grant.id, "t0", "t1", later(1));
    assert_eq!(store.rotate(&profile("staff"), rotation).await.unwrap(), Rotated::Ended);
}

fn access_token() -> AccessTokenRecord {
    AccessTokenRecord {
        id: id(),
        hash: SecretHash::of("a"),
        client_id: "app".into(),
        grant: None,
        scope: "orders:read".parse().unwrap(),
        audience: "https://orders.example".into(),
        expires_at: later(600),
    }
}

pub(crate) async fn an_access_token_reads_back_and_can_be_taken_back(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    provision(&*store, "open", &[]).await;
    let staff = profile("staff");
    let of_user = AccessTokenRecord { grant: Some(id()), ..access_token() };
    for record in [access_token(), of_user] {
        store.keep_access_token(&staff, record.clone()).await.unwrap();
        assert_eq!(store.access_token(&staff, record.id).await.unwrap(), Some(record.clone()));
        assert_eq!(store.access_token(&profile("open"), record.id).await.unwrap(), None);
        let marks = || async { store.access_token_marks(&staff, record.id, "app").await.unwrap() };
        assert!(!marks().await.is_revoked);
        let revoke = || {
            let event = event(EventKind::AccessTokenRevoked);
            store.revoke_access_token(record.id, record.expires_at, event)
        };
        assert_eq!(revoke().await.unwrap(), Once::Now);
        assert_eq!(revoke().await.unwrap(), Once::Before);
        assert!(marks().await.is_revoked);
    }
    let unknown = store.access_token_marks(&staff, id(), "app").await.unwrap();
    assert_eq!((unknown.is_revoked, unknown.client_not_before), (false, None));
}

pub(crate) async fn what_is_over_is_forgotten_and_what_is_not_stays(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let (staff, main) = (profile("staff"), directory("main"));
    let alice = added(&*store, "main", user("alice")).await;
    let grant = granted(&*store, alice).await;
    let waiting = code(alice);
    issued(&*store, &waiting).await;
    let token = access_token();
    store.keep_access_token(&staff, token.clone()).await.unwrap();
    store
        .revoke_access_token(token.id, token.expires_at, event(EventKind::AccessTokenRevoked))
        .await
        .unwrap();
    let clean = |at: Timestamp| {
        let retention = Retention {
            ended_before: at,
            events_before: Timestamp::from_millis(0),
            activity_before: Timestamp::from_millis(0),
            at_most: 10,
        };
        let store = Arc::clone(&store);
        async move { store.clean(retention).await.unwrap() }
    };
    let cleaned = clean(later(30)).await;
    assert_eq!((cleaned.codes, cleaned.grants, cleaned.access_tokens), (0, 0, 0));
    let cleaned = clean(later(700)).await;
    assert_eq!((cleaned.codes, cleaned.access_tokens), (0, 1), "codes are kept for a day");
    assert!(store.grant(&staff, &main, grant.id).await.unwrap().is_some());
    let cleaned = clean(later(2 * 86_400)).await;
    assert_eq!((cleaned.codes, cleaned.grants), (2, 0));
    let cleaned = clean(grant.expires_at.plus(Duration::from_secs(1))).await;
    assert_eq!(cleaned.grants, 1);
    assert!(store.grant(&staff, &main, grant.id).await.unwrap().is_none());
}
