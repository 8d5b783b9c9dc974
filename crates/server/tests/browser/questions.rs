//! What somebody is asked, and when they are asked again.

use std::time::Instant;

use primitives::clock::Timestamp;

use crate::chromium::{Chromium, PATIENCE};
use crate::world::{Registered, World, claims, parameter};

/// Installs the app for alice, and lets it go on once.
async fn installed() -> (World, Chromium, Registered) {
    let world = World::start().await;
    let browser = Chromium::start().await;
    let instance = world.install(&browser, "alice").await;
    (world, browser, instance)
}

async fn auth_time(world: &World, browser: &Chromium, instance: &Registered) -> u64 {
    let address = browser.comes_to(&world.site.callback()).await;
    let tokens = world.redeem("customers", instance, &address).await;
    claims(&tokens["id_token"])["auth_time"].as_u64().unwrap()
}

#[tokio::test]
async fn whoever_is_signed_in_signs_in_again_where_the_app_wants_that() {
    let (world, browser, instance) = installed().await;
    let request = |more: &[(&str, &str)]| {
        world.code_request("customers", &instance.id, &[&[("scope", "openid orders:read")], more].concat())
    };
    browser.open(&request(&[("max_age", "3600")])).await;
    let first = auth_time(&world, &browser, &instance).await;

    // An age of nothing is past at once, one of a second after a second.
    browser.open(&request(&[("max_age", "0")])).await;
    browser.sees("#password").await;
    let begun = Instant::now();
    loop {
        browser.open(&request(&[("max_age", "1")])).await;
        if browser.has("#password").await {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "a sign-in does not grow old");
    }

    browser.open(&request(&[("prompt", "login")])).await;
    browser.signs_in_as("alice").await;
    let second = auth_time(&world, &browser, &instance).await;
    assert!(second > first, "{second} is not after {first}");
    // That was for one request.
    browser.open(&request(&[])).await;
    assert_eq!(auth_time(&world, &browser, &instance).await, second);
}

#[tokio::test]
async fn whoever_must_not_be_asked_is_not_shown_anything() {
    let (world, browser, instance) = installed().await;
    let silent =
        world.code_request("customers", &instance.id, &[("scope", "orders:read"), ("prompt", "none")]);
    browser.open(&silent).await;
    let address = browser.address().await;
    assert!(parameter(&address, "code").is_some(), "{address}");
    // Registering is never done behind the back of its user.
    browser.open(&world.code_request("customers", "shop-app", &[("scope", "dcr"), ("prompt", "none")])).await;
    let address = browser.address().await;
    assert_eq!(parameter(&address, "error").as_deref(), Some("interaction_required"), "{address}");

    browser.open(&world.at("customers", "/logout")).await;
    browser.forgets_cookies().await;
    browser.open(&silent).await;
    let address = browser.address().await;
    assert!(address.as_str().starts_with(&world.site.callback()), "{address}");
    assert_eq!(parameter(&address, "error").as_deref(), Some("login_required"));
    assert_eq!(parameter(&address, "state").as_deref(), Some("a-state"));
    assert_eq!(parameter(&address, "iss"), Some(world.at("customers", "")));
}

#[tokio::test]
async fn a_client_that_registered_itself_says_who_it_is_and_may_be_turned_down() {
    let world = World::start().await;
    let browser = Chromium::start().await;
    let client = world.stranger().await;
    let request = world.code_request("open", &client.id, &[("scope", "openid orders:read profile")]);
    browser.open(&request).await;
    browser.signs_in_as("alice").await;

    assert_eq!(browser.reads("h1").await, "Printer asks for access");
    let scopes = browser.reads("#scopes").await;
    let lines: Vec<&str> = scopes.lines().collect();
    let expected = [
        "Recognize you when you come back",
        "See your profile: your name, your picture and the like",
        "See your orders",
    ];
    assert_eq!(lines, expected);
    assert!(browser.reads("#caution").await.contains("registered itself"));
    assert!(browser.reads("#destination").await.contains("(127.0.0.1)"));
    let registered = client.json["client_id_issued_at"].as_u64().unwrap();
    let day = Timestamp::from_millis(registered * 1_000).to_string();
    let (year, day) = (&day[..4], day[8..10].trim_start_matches('0'));
    let text = browser.text().await;
    assert!(text.contains(&format!("Registered itself on {day} ")) && text.contains(year), "{text}");

    browser.sends("#deny").await;
    let address = browser.comes_to(&world.site.callback()).await;
    assert_eq!(parameter(&address, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&address, "code"), None);

    // It asks anew, and again each time: nobody knows who asks in the name of a client without a secret.
    for _ in 0..2 {
        browser.open(&request).await;
        browser.sends("#allow").await;
        let address = browser.comes_to(&world.site.callback()).await;
        assert_eq!(world.redeem("open", &client, &address).await["scope"], "openid orders:read profile");
    }
}

#[tokio::test]
async fn an_app_that_one_person_installed_is_a_strangers_to_everybody_else() {
    let (world, browser, instance) = installed().await;
    browser.open(&world.at("customers", "/logout")).await;
    browser.forgets_cookies().await;
    let request = world.code_request("customers", &instance.id, &[("scope", "orders:read orders:write")]);
    browser.open(&request).await;
    browser.signs_in_as("bob").await;
    assert_eq!(browser.reads("h1").await, "Shop asks for access");
    let text = browser.text().await;
    assert!(text.contains("bob") && text.contains("somebody who had signed in"), "{text}");
    browser.sends("#allow").await;
    let address = browser.comes_to(&world.site.callback()).await;
    world.redeem("customers", &instance, &address).await;
    // The install is Alice's: whoever else it asks is asked each time.
    browser.open(&request).await;
    assert_eq!(browser.reads("h1").await, "Shop asks for access");
}

#[tokio::test]
async fn a_template_that_is_switched_off_meanwhile_sends_nobody_anywhere() {
    let (mut world, browser, instance) = installed().await;
    let request =
        world.code_request("customers", &instance.id, &[("scope", "orders:read"), ("prompt", "login")]);
    browser.open(&request).await;
    browser.sees("#password").await;
    world.reload("customers", "first_party = true\n", "first_party = true\nstatus = \"disabled\"\n");
    browser.signs_in_as("alice").await;
    assert_eq!(browser.reads("#error").await, "invalid_client");
    assert!(browser.address().await.as_str().starts_with(&world.at("customers", "/authorize/mar_")));

    browser.open(&request).await;
    assert_eq!(browser.reads("#error").await, "invalid_client");
    assert_eq!(browser.address().await.as_str(), request);
}
