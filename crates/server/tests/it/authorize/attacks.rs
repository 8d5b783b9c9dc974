//! What people do to each other by way of an authorization endpoint.

use serde_json::json;

use crate::person::{ALICE, Ask, BOB, CALLBACK, Person, VERIFIER, Who, hidden, parameter};
use crate::world::Server;

#[tokio::test]
async fn a_page_answers_the_browser_that_it_was_opened_in_and_no_other() {
    let server = Server::demo().await;
    let app = server.web_app().await;
    let (mallory, alice) = (Person::of(&server), Person::of(&server));
    let ask = Ask::code("open", &app.id, "orders:read");
    // Mallory begins, and has Alice's browser open, sign in to or consent to what he began.
    let (page, _) = mallory.page(&ask).await;
    alice.get(&page).await.error_page(403, "access_denied");
    alice.sign_in(&page, ALICE).await.error_page(403, "access_denied");
    mallory.sign_in(&page, BOB).await;
    let shown = hidden(&mallory.get(&page).await.html(), "shown");
    let yes = [("decision", "allow"), ("shown", &*shown)];
    alice.post(&format!("{page}/consent"), &yes).await.error_page(403, "access_denied");
    // The handle of a request is a secret: its name alone is none.
    let guessed = format!("{}{}", &page[..page.len() - 43], "A".repeat(43));
    mallory.get(&guessed).await.error_page(400, "invalid_request");
}

/// Login CSRF: whoever signs in somebody else's browser as themselves sees what that person does.
#[tokio::test]
async fn a_form_of_another_site_signs_nobody_in_and_consents_to_nothing() {
    let server = Server::demo().await;
    let app = server.web_app().await;
    let alice = Person::of(&server);
    let (page, _) = alice.page(&Ask::code("open", &app.id, "orders:read")).await;
    for site in ["cross-site", "same-site"] {
        *alice.headers.borrow_mut() = vec![("sec-fetch-site", site.to_owned())];
        for (path, form) in [
            ("sign-in", [("username", "alice"), ("password", "alice-password")]),
            ("consent", [("decision", "allow"), ("shown", "x")]),
            ("account", [("decision", "continue"), ("x", "x")]),
        ] {
            let answer = alice.post(&format!("{page}/{path}"), &form).await;
            answer.error_page(403, "access_denied");
        }
    }
    assert!(alice.cookie("__Host-session.open").is_none());
    *alice.headers.borrow_mut() = vec![("sec-fetch-site", "same-origin".to_owned())];
    assert_eq!(alice.sign_in(&page, ALICE).await.status, 303);
}

#[tokio::test]
async fn a_session_that_somebody_planted_is_not_the_one_that_is_signed_in_to() {
    let server = Server::demo().await;
    let (mallory, alice) = (Person::of(&server), Person::of(&server));
    mallory.install(BOB).await;
    let planted = mallory.cookie("__Host-session.customers").unwrap();
    alice.plant("__Host-session.customers", &planted);
    let (page, _) = alice.page(&Ask::dcr().with("prompt", "login")).await;
    alice.sign_in(&page, ALICE).await;
    let fresh = alice.cookie("__Host-session.customers").unwrap();
    assert_ne!(fresh, planted);
    // What was planted has ended with it.
    let (_, html) = mallory.page(&Ask::dcr()).await;
    assert!(html.contains("id=\"password\""));
}

/// A parent domain cannot set `__Host-` cookies; a browser that sends two of one name all the same is believed neither.
#[tokio::test]
async fn a_cookie_that_was_tossed_in_is_not_chosen() {
    let server = Server::demo().await;
    let (mallory, alice) = (Person::of(&server), Person::of(&server));
    mallory.install(BOB).await;
    let install = alice.install(ALICE).await;
    let hers = alice.cookie("__Host-session.customers").unwrap();
    let his = mallory.cookie("__Host-session.customers").unwrap();
    alice.plant("__Host-session.customers", &format!("{hers}; __Host-session.customers={his}"));
    let ask = Ask::code("customers", &install.id, "openid");
    let (_, html) = alice.page(&ask).await;
    assert!(html.contains("id=\"password\""), "neither");
    // Nor is a session of another profile, or of another kind.
    let app = server.web_app().await;
    let elsewhere = Person::of(&server);
    elsewhere.plant("__Host-session.open", &hers);
    let (_, html) = elsewhere.page(&Ask::code("open", &app.id, "orders:read")).await;
    assert!(html.contains("id=\"password\""));
    let frame = alice.cookie("__Host-frame.customers").unwrap();
    let framed = Person::of(&server);
    framed.plant("__Host-session.customers", &frame);
    let (_, html) = framed.page(&ask).await;
    assert!(html.contains("id=\"password\""));
}

#[tokio::test]
async fn a_yes_to_one_client_is_none_to_another() {
    let server = Server::demo().await;
    let (good, evil) = (server.web_app().await, server.web_app().await);
    let alice = Person::of(&server);
    let (page, _) = alice.page(&Ask::code("open", &good.id, "orders:read")).await;
    alice.sign_in(&page, ALICE).await;
    let shown = hidden(&alice.get(&page).await.html(), "shown");
    for other in [
        Ask::code("open", &evil.id, "orders:read"),
        Ask::code("open", &good.id, "orders:read orders:write"),
        Ask::code("open", &good.id, "orders:read").with("redirect_uri", "http://127.0.0.1:6666/callback"),
    ] {
        let (other_page, _) = alice.page(&other).await;
        let yes = [("decision", "allow"), ("shown", &*shown)];
        let answer = alice.post(&format!("{other_page}/consent"), &yes).await;
        assert_eq!(answer.header("location"), other_page, "it is shown, and not answered");
    }
    // Nor is it when somebody else has signed in meanwhile, in another tab.
    let (tab, _) = alice.page(&Ask::code("open", &evil.id, "orders:read").with("prompt", "login")).await;
    alice.sign_in(&tab, BOB).await;
    let yes = [("decision", "allow"), ("shown", &*shown)];
    assert_eq!(alice.post(&format!("{page}/consent"), &yes).await.header("location"), page);
    // Without a decision, or without having been shown anything, nothing happens.
    for form in [&[][..], &[("decision", "allow")], &[("decision", "perhaps")]] {
        assert_eq!(alice.post(&format!("{page}/consent"), form).await.header("location"), page);
    }
}

#[tokio::test]
async fn a_code_is_worth_nothing_to_anybody_but_the_client_that_asked() {
    let server = Server::demo().await;
    let (good, evil) = (server.web_app().await, server.web_app().await);
    let alice = Person::of(&server);
    let location = alice.answer_all(&Ask::code("open", &good.id, "orders:read"), ALICE).await;
    let code = parameter(&location, "code").unwrap();
    let whole = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let with = |name: &'static str, value: &'static str| {
        let mut form = whole.to_vec();
        form.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            form.push((name, value));
        }
        form
    };
    let owner = Who::Secret(good.credential());
    for (who, form, error) in [
        (Who::Secret(evil.credential()), whole.to_vec(), "invalid_grant"),
        (owner, with("code_verifier", "another-verifier-that-is-long-enough-for-the-rule"), "invalid_grant"),
        // PKCE downgrade: whoever leaves it out had no right to.
        (owner, with("code_verifier", ""), "invalid_request"),
        (owner, with("redirect_uri", "http://127.0.0.1:6666/callback"), "invalid_grant"),
        (owner, with("code", "mac_rubbish"), "invalid_grant"),
        (owner, with("resource", "https://other.example"), "invalid_target"),
    ] {
        server.post_as("/open/token", who, &form).await.refused(400, error);
    }
    // None of that has cost its owner anything.
    assert_eq!(server.redeem("open", owner, &location).await.status, 200);
}

/// Mix-up: a code of one authorization server at another one.
#[tokio::test]
async fn a_code_of_one_profile_is_nothing_in_another() {
    let server = Server::demo().await;
    let app = server.web_app().await;
    let alice = Person::of(&server);
    let location = alice.answer_all(&Ask::code("open", &app.id, "orders:read"), ALICE).await;
    assert_eq!(parameter(&location, "iss"), Some(server.issuer("open")));
    let install = alice.install(ALICE).await;
    let elsewhere = server.redeem("customers", Who::Secret(install.credential()), &location).await;
    elsewhere.refused(400, "invalid_grant");
    let (page, _) = alice.page(&Ask::code("open", &app.id, "orders:read")).await;
    alice.get(&page.replace("/open/", "/customers/")).await.error_page(400, "invalid_request");
}

#[tokio::test]
async fn nothing_that_a_stranger_sends_becomes_part_of_a_page() {
    let server = Server::demo().await;
    let evil = "\"><script>alert(1)</script><x y='";
    let app = server
        .open_client(&json!({"client_name": evil, "redirect_uris": [CALLBACK], "application_type": "native"}))
        .await;
    let person = Person::of(&server);
    let ask = ["state", "nonce", "login_hint", "ui_locales", "scope", "unknown"]
        .into_iter()
        .filter(|name| *name != "scope")
        .fold(Ask::code("open", &app.id, "orders:read"), |ask, name| ask.with(name, evil));
    let harmless = |html: &str| {
        assert!(!html.contains("<script>alert") && !html.contains("y='"), "{html}");
    };
    let (page, html) = person.page(&ask).await;
    harmless(&html);
    harmless(&person.sign_in(&page, (evil, evil)).await.html());
    person.sign_in(&page, ALICE).await;
    harmless(&person.get(&page).await.html());
    harmless(&person.ask(&ask.clone().with("client_id", evil)).await.html());
    harmless(&person.ask(&ask.clone().with("redirect_uri", evil)).await.html());
    harmless(
        &person
            .ask(&Ask::code("open", &app.id, "x").and(evil, "1").and(evil, "2").with("client_id", ""))
            .await
            .html(),
    );
    harmless(&person.get(&format!("/open/authorize/{}", urlencoded(evil))).await.html());
    // The state comes back as it was sent, and as nothing else.
    let refused = person.ask(&ask.with("scope", "admin")).await;
    let location = refused.header("location").to_owned();
    assert_eq!(parameter(&location, "state").as_deref(), Some(evil));
    assert!(!location.contains('<') && !location.contains('"'));
}

fn urlencoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[tokio::test]
async fn a_page_that_takes_input_is_never_framed() {
    let server = Server::demo().await;
    let person = Person::of(&server);
    let (page, _) = person.page(&Ask::dcr()).await;
    let sign_in = person.get(&page).await;
    person.sign_in(&page, ALICE).await;
    let consent = person.get(&page).await;
    let account = person.ask(&Ask::dcr().with("prompt", "select_account")).await;
    let account = person.get(account.header("location")).await;
    let problem = person.ask(&Ask::dcr().with("client_id", "nobody")).await;
    let sign_out = person.get("/customers/logout").await;
    for answer in [sign_in, consent, account, problem, sign_out] {
        answer.html();
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("x-frame-options"), "DENY");
    }
}

#[tokio::test]
async fn nobody_learns_who_exists_and_every_refusal_costs_the_same() {
    let server = Server::demo().await;
    let (main, bob) = ("main".parse().unwrap(), "bob".parse().unwrap());
    identity::manage::disable(&bob, &server.app.directory(&main)).await.unwrap();
    let person = Person::of(&server);
    let (page, _) = person.page(&Ask::dcr()).await;
    let mut answers = Vec::new();
    for (name, password) in
        [("alice", "wrong"), ("nobody", "wrong"), ("bob", "bob-password"), ("bob", "wrong")]
    {
        let before = server.app.identity_effort().counts();
        let answer = person.sign_in(&page, (name, password)).await;
        let after = server.app.identity_effort().counts();
        assert_eq!(answer.status, 403);
        let html = answer.html().replace(name, "NAME");
        answers.push((html, after[0] - before[0], after[1] - before[1], answer.headers.len()));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
    assert_eq!(answers[0].2, 1, "a password is verified, whether or not there is one");
}

#[tokio::test]
async fn guessing_is_slowed_down_and_nobody_is_locked_out_by_it() {
    let server = Server::with(|world| world.replace("slow_guessing = false", "")).await;
    let alice = Person::of(&server);
    let install = alice.install(ALICE).await;
    let mallory = Person::of(&server);
    let (page, _) = mallory.page(&Ask::dcr()).await;
    for _ in 0..10 {
        assert_eq!(mallory.sign_in(&page, ("alice", "guess")).await.status, 403);
    }
    let slowed = mallory.sign_in(&page, ALICE).await;
    assert_eq!(slowed.status, 429, "also with the right one: whether it was is not told");
    assert!(slowed.header("retry-after").parse::<u64>().unwrap() > 0);
    // Alice's own device is not the one that guesses.
    let (page, _) = alice.page(&Ask::code("customers", &install.id, "openid").with("prompt", "login")).await;
    assert_eq!(alice.sign_in(&page, ALICE).await.status, 303);
    server.clock.forward(std::time::Duration::from_secs(31));
    let (page, _) = mallory.page(&Ask::dcr()).await;
    assert_eq!(mallory.sign_in(&page, ALICE).await.status, 303, "slowed down, and not locked");
}

/// Whoever posts a request knows where it waits, and could have a form of theirs answer it in a browser that opens it.
#[tokio::test]
async fn a_request_that_somebody_else_posted_goes_on_where_only_its_browser_knows() {
    let server = Server::demo().await;
    let app = server.web_app().await;
    let (mallory, alice) = (Person::of(&server), Person::of(&server));
    let ask = Ask::code("open", &app.id, "orders:read");
    let known = mallory.post("/open/authorize", &ask.form()).await.header("location").to_owned();
    let opened = alice.get(&known).await;
    let page = opened.header("location").to_owned();
    assert!(opened.status == 303 && page != known && page.contains("/authorize/mar_"), "{opened:?}");
    // Without the headers of newer browsers, and with Alice's cookies.
    alice.sign_in(&known, BOB).await.error_page(400, "invalid_request");
    assert!(alice.cookie("__Host-session.open").is_none());
    mallory.get(&page).await.error_page(403, "access_denied");
    assert_eq!(alice.sign_in(&page, ALICE).await.status, 303);
}

#[tokio::test]
async fn one_network_cannot_fill_the_store_with_requests_that_nobody_answers() {
    let server = Server::with(|world| world.replace("slow_guessing = false", "")).await;
    let stranger = Person::of(&server);
    for _ in 0..200 {
        assert_eq!(stranger.ask(&Ask::dcr()).await.status, 303);
    }
    for answer in
        [stranger.ask(&Ask::dcr()).await, stranger.post("/customers/authorize", &Ask::dcr().form()).await]
    {
        answer.error_page(429, "temporarily_unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
    server.clock.forward(std::time::Duration::from_secs(1));
    assert_eq!(stranger.ask(&Ask::dcr()).await.status, 303);
    server.clock.forward(std::time::Duration::from_secs(15 * 60));
    let junk = Ask::dcr().with("unknown", &"x".repeat(9_000));
    assert_eq!(stranger.ask(&junk).await.status, 303, "what nobody reads is not kept");
}

/// Behind a proxy everybody has one address, unless the proxy is believed about theirs.
#[tokio::test]
async fn who_guesses_behind_a_proxy_slows_down_nobody_else_there() {
    let server = Server::with(|world| {
        let world = world.replace("slow_guessing = false", "");
        world.replace("store = ", "trusted_proxies = [\"127.0.0.1\"]\nstore = ")
    })
    .await;
    let (mallory, alice) = (Person::of(&server), Person::of(&server));
    *mallory.headers.borrow_mut() = vec![("x-forwarded-for", "203.0.113.9".to_owned())];
    *alice.headers.borrow_mut() = vec![("x-forwarded-for", "198.51.100.7".to_owned())];
    let (page, _) = mallory.page(&Ask::dcr()).await;
    for _ in 0..10 {
        assert_eq!(mallory.sign_in(&page, ("alice", "guess")).await.status, 403);
    }
    assert_eq!(mallory.sign_in(&page, ("alice", "guess")).await.status, 429);
    // What a stranger writes in front of what the proxy writes changes nothing.
    *mallory.headers.borrow_mut() = vec![("x-forwarded-for", "198.51.100.8, 203.0.113.9".to_owned())];
    assert_eq!(mallory.sign_in(&page, ("alice", "guess")).await.status, 429);
    let (page, _) = alice.page(&Ask::dcr()).await;
    assert_eq!(alice.sign_in(&page, ALICE).await.status, 303);
}

/// RFC 9700 §4.12: after 307 a browser would send the password on.
#[tokio::test]
async fn a_password_goes_nowhere_but_where_it_was_typed() {
    let server = Server::demo().await;
    let alice = Person::of(&server);
    let (page, _) = alice.page(&Ask::dcr()).await;
    let wrong = alice.sign_in(&page, ("alice", "wrong")).await;
    assert!(wrong.headers.get("location").is_none());
    let right = alice.sign_in(&page, ALICE).await;
    assert_eq!(right.status, 303);
    let allowed = alice.allow(&page).await;
    assert_eq!(allowed.status, 303);
    assert!(parameter(allowed.header("location"), "code").is_some());
    let posted = alice.post("/customers/authorize", &Ask::dcr().form()).await;
    assert_eq!(posted.status, 303);
}

/// RFC 6749 §10.4: at rest there are hashes, of everything that is worth something.
#[tokio::test]
async fn nothing_that_opens_a_door_stands_in_the_store_in_the_clear() {
    let mut server = Server::demo().await;
    let alice = Person::of(&server);
    let install = alice.install(ALICE).await;
    let credential = Who::Secret(install.credential());
    let ask = Ask::code("customers", &install.id, "openid offline_access orders:read");
    let spent = alice.answer_all(&ask, ALICE).await;
    let tokens = server.redeem("customers", credential, &spent).await;
    let unspent = alice.answer_all(&ask, ALICE).await;
    // A request that waits for its answer.
    let (page, _) = Person::of(&server).page(&ask).await;
    let mut secrets = vec![
        install.secret.clone(),
        parameter(&spent, "code").unwrap(),
        parameter(&unspent, "code").unwrap(),
        tokens.text("refresh_token"),
        tokens.text("access_token"),
        page.rsplit('/').next().unwrap().to_owned(),
        ALICE.1.to_owned(),
    ];
    let cookies = ["__Host-session.customers", "__Host-device.main", "__Host-frame.customers"];
    secrets.extend(cookies.map(|name| alice.cookie(name).unwrap_or_else(|| panic!("no cookie {name}"))));
    drop(alice);
    server.stop().await;
    let kept = server.kept.everything().await;
    for secret in secrets {
        // The end of it is what is secret; what stands before may be the name of a row.
        let end = &secret.as_bytes()[secret.len().saturating_sub(40)..];
        assert!(!kept.windows(end.len()).any(|window| window == end), "{secret}");
    }
    let known = install.id.as_bytes();
    assert!(kept.windows(known.len()).any(|window| window == known), "what is looked for would be found");
}
