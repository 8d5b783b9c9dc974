//! A page of another site has the assisted token page in a frame, or in a window, and is told in a message.

use std::time::Instant;

use serde_json::{Value, json};

use crate::chromium::{Chromium, PATIENCE};
use crate::site::Site;
use crate::world::World;

/// A page of a site that wants a token: it can frame an address, open it in a window, and register with what it is told.
const PAGE: &str = include_str!("shop.html");

/// Whether frames of other sites are sent their cookies. Browsers differ in that, and so do their packagers.
fn cookies_in_frames(sent: bool) -> Value {
    let mode = if sent { 0 } else { 1 };
    json!({ "profile": { "block_third_party_cookies": !sent, "cookie_controls_mode": mode } })
}

fn page(world: &World) -> String {
    let address =
        world.request("customers", "/assisted-token", &[("client_id", "shop-app"), ("scope", "dcr")]);
    PAGE.replace("ADDRESS", &address).replace("REGISTER", &world.at("customers", "/register"))
}

/// The message with this number, from one.
async fn told(browser: &Chromium, number: usize) -> Value {
    serde_json::from_str(&browser.reads(&format!("#told li:nth-child({number})")).await).unwrap()
}

fn is_token(message: &Value) -> bool {
    message["scope"] == "dcr" && message["token_type"] == "Bearer" && message["access_token"].is_string()
}

/// The page registers an installation with the token that it was told, by a request to another site.
async fn registers(browser: &Chromium) {
    browser.clicks("#register").await;
    let registered = browser.reads("#registered:not(:empty)").await;
    let registered: Value = serde_json::from_str(&registered).unwrap();
    assert!(registered["client_secret"].is_string(), "{registered}");
    assert_eq!(registered["redirect_uris"], json!(["http://127.0.0.1/callback"]));
}

/// Signs in and consents in the window that the page has opened.
async fn signs_in_in_window(world: &World, browser: &Chromium) {
    browser.clicks("#window").await;
    browser.goes_to_other_window().await;
    browser.comes_to(&world.at("customers", "/authorize/mar_")).await;
    browser.signs_in_as("alice").await;
    assert!(browser.reads("#destination").await.contains(&world.site.origin.replace("http://", "")));
    assert!(browser.text().await.contains("Your choice will be remembered"));
    browser.sends("#allow").await;
    browser.is_left_with_one_window().await;
}

#[tokio::test]
async fn a_page_of_a_registered_site_is_given_a_token_by_a_window_and_then_by_a_frame() {
    let world = World::start().await;
    let browser = Chromium::start_with(cookies_in_frames(true), &[]).await;
    browser.open(&world.site.page("/shop", &page(&world))).await;

    browser.clicks("#frame").await;
    assert_eq!(told(&browser, 1).await["error"], "interaction_required");

    signs_in_in_window(&world, &browser).await;
    let by_window = told(&browser, 2).await;
    assert!(is_token(&by_window), "{by_window}");
    registers(&browser).await;

    browser.clicks("#frame").await;
    let by_frame = told(&browser, 3).await;
    assert!(is_token(&by_frame), "{by_frame}");
    assert_eq!(by_frame["sub"], by_window["sub"]);
    assert_ne!(by_frame["access_token"], by_window["access_token"]);
    registers(&browser).await;
}

#[tokio::test]
async fn where_a_browser_withholds_cookies_from_frames_a_window_still_gives_the_token() {
    let world = World::start().await;
    let browser = Chromium::start_with(cookies_in_frames(false), &[]).await;
    browser.open(&world.site.page("/shop", &page(&world))).await;
    signs_in_in_window(&world, &browser).await;
    assert!(is_token(&told(&browser, 1).await));

    browser.clicks("#frame").await;
    assert_eq!(told(&browser, 2).await["error"], "interaction_required");

    // The person is signed in and has consented: the window answers and closes without showing them anything.
    browser.clicks("#window").await;
    assert!(is_token(&told(&browser, 3).await));
    browser.is_left_with_one_window().await;
    registers(&browser).await;
}

#[tokio::test]
async fn a_page_of_a_site_that_is_not_registered_can_neither_frame_it_nor_is_told_anything() {
    let world = World::start().await;
    let browser = Chromium::start_with(cookies_in_frames(true), &[]).await;
    // Alice is signed in and has consented, so there would be something to tell.
    browser.open(&world.site.page("/shop", &page(&world))).await;
    signs_in_in_window(&world, &browser).await;
    assert!(is_token(&told(&browser, 1).await));

    let other = Site::start().await;
    browser.open(&other.page("/shop", &page(&world))).await;
    browser.complaints().await;
    browser.clicks("#frame").await;
    browser.sees("#loaded iframe").await;
    browser.enters_frame().await;
    assert!(!browser.text().await.contains("Almost done"));
    assert!(!browser.has("#letter").await);
    browser.leaves_frame().await;
    let complaints = browser.complaints().await;
    assert!(complaints.contains("frame-ancestors"), "{complaints}");

    // The window closes itself when it has told whoever may hear it.
    browser.clicks("#window").await;
    let begun = Instant::now();
    while browser.runs("return window.opened.closed").await != true {
        assert!(begun.elapsed() < PATIENCE, "{}", browser.text().await);
    }
    assert!(!browser.has("#told li").await);
}
