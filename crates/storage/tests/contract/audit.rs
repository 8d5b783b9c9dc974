use std::sync::Arc;

use primitives::audit::EventKind;
use primitives::clock::Timestamp;
use registration::store::Insertion;
use storage::{Activity, Cleaned, Retention, Store};

use crate::world::{NOW, event_at, id_at, paid_by, profile, provision, token};

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(NOW.seconds() + seconds)
}

fn refusals(network: &str, count: u64, first: u64, last: u64) -> Activity {
    Activity {
        profile: profile("staff"),
        kind: "client-authentication-refused",
        reason: "wrong-secret",
        client_id: String::new(),
        network: network.into(),
        count,
        first_at: at(first),
        last_at: at(last),
    }
}

pub(crate) async fn what_happened_is_told_in_order_of_time(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let mut registration = paid_by(None);
    registration.events = vec![event_at(EventKind::ClientRegistered, id_at(at(30)))];
    assert_eq!(store.insert(registration).await.unwrap(), Insertion::Inserted);
    let issued = event_at(EventKind::InitialAccessTokenIssued, id_at(at(10)));
    store.insert_initial_access_token(token(), issued).await.unwrap();
    store.record_activity(vec![refusals("192.0.2.0/24", 3, 15, 20)]).await.unwrap();

    let told = |since, at_most| {
        let store = Arc::clone(&store);
        async move {
            let entries = store.audit_since(since, at_most).await.unwrap();
            entries.into_iter().map(|entry| (entry.kind, entry.at)).collect::<Vec<_>>()
        }
    };
    let all = [
        ("initial-access-token-issued".to_owned(), at(10)),
        ("client-authentication-refused".to_owned(), at(20)),
        ("client-registered".to_owned(), at(30)),
    ];
    assert_eq!(told(at(0), 100).await, all);
    assert_eq!(told(at(11), 100).await, all[1..]);
    assert_eq!(told(at(0), 1).await, all[2..], "the newest");
    assert_eq!(told(at(31), 100).await, []);
    let entries = store.audit_since(at(0), 100).await.unwrap();
    assert_eq!(entries[0].detail, r#"{"a":1}"#);
    assert_eq!(entries[0].client_id.as_deref(), Some("enroller"));
    assert_eq!((entries[1].count, entries[1].network.as_deref()), (3, Some("192.0.2.0/24")));
    assert_eq!(entries[1].detail, r#"{"reason":"wrong-secret"}"#);
}

pub(crate) async fn repeats_are_counted_by_the_minute(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    let minute = 60 - NOW.seconds() % 60;
    for batch in [
        vec![refusals("192.0.2.0/24", 3, minute, minute + 1), refusals("198.51.100.0/24", 1, minute, minute)],
        vec![refusals("192.0.2.0/24", 4, minute + 2, minute + 3)],
        vec![refusals("192.0.2.0/24", 5, minute + 60, minute + 61)],
    ] {
        store.record_activity(batch).await.unwrap();
    }
    let entries = store.audit_since(at(0), 100).await.unwrap();
    let counts: Vec<_> = entries
        .iter()
        .map(|entry| (entry.network.as_deref().unwrap_or_default(), entry.count, entry.at))
        .collect();
    assert_eq!(
        counts,
        [
            ("198.51.100.0/24", 1, at(minute)),
            ("192.0.2.0/24", 7, at(minute + 3)),
            ("192.0.2.0/24", 5, at(minute + 61)),
        ]
    );
}

pub(crate) async fn what_has_had_its_time_is_forgotten_in_small_bites(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[]).await;
    for n in 0..5 {
        let mut record = token();
        record.id = id_at(at(n));
        record.expires_at = at(600 + n);
        let event = event_at(EventKind::InitialAccessTokenIssued, id_at(at(n)));
        store.insert_initial_access_token(record, event).await.unwrap();
        store.accept_assertion(&profile("staff"), [u8::try_from(n).unwrap(); 32], at(600 + n)).await.unwrap();
        store.record_activity(vec![refusals("192.0.2.0/24", 1, 60 * n, 60 * n)]).await.unwrap();
    }
    // Three of each have ended; two are forgotten at a time.
    let retention =
        Retention { ended_before: at(603), events_before: at(3), activity_before: at(60 * 3), at_most: 2 };
    let clean = || async { store.clean(retention).await.unwrap() };
    let two =
        Cleaned { initial_access_tokens: 2, assertions: 2, events: 2, activity: 2, ..Cleaned::default() };
    let one =
        Cleaned { initial_access_tokens: 1, assertions: 1, events: 1, activity: 1, ..Cleaned::default() };
    // The event of provisioning is older than all.
    let first = clean().await;
    assert_eq!(first, two);
    assert!(first.reached(2) && !one.reached(2));
    let second = clean().await;
    assert_eq!((second.initial_access_tokens, second.assertions, second.activity), (1, 1, 1));
    let third = clean().await;
    assert_eq!(third, Cleaned { events: third.events, ..Cleaned::default() });
    let left = store.audit_since(Timestamp::from_seconds(0), 100).await.unwrap();
    let kinds: Vec<_> =
        left.iter().filter(|entry| entry.kind != "definitions-changed").map(|e| e.at).collect();
    assert_eq!(kinds, [at(3), at(4), at(180), at(240)]);
}
