//! Somebody signs out.

use crate::chromium::Chromium;
use crate::world::{World, parameter};

#[tokio::test]
async fn whoever_has_signed_out_is_asked_to_sign_in() {
    let world = World::start().await;
    let browser = Chromium::start().await;
    let instance = world.install(&browser, "alice").await;
    let request = world.code_request("customers", &instance.id, &[("scope", "orders:read")]);
    browser.open(&request).await;
    assert!(parameter(&browser.address().await, "code").is_some());

    browser.open(&world.at("customers", "/logout")).await;
    assert!(browser.text().await.contains("alice"));
    let mut of_session =
        browser.cookies().await.into_iter().find(|cookie| cookie.name == "__Host-session.customers").unwrap();
    browser.sends("#sign-out").await;
    browser.sees("h1").await;
    assert_eq!(browser.title().await, "You are signed out");
    let names: Vec<String> = browser.cookies().await.into_iter().map(|cookie| cookie.name).collect();
    assert_eq!(names, ["__Host-browser.customers", "__Host-device.main"]);

    browser.open(&request).await;
    browser.sees("#password").await;
    assert!(browser.address().await.as_str().starts_with(&world.at("customers", "/authorize/mar_")));
    // Not the browser alone has forgotten: a copy of the cookie opens nothing.
    of_session.domain = None;
    browser.driver().add_cookie(of_session).await.unwrap();
    assert!(browser.cookies().await.iter().any(|cookie| cookie.name == "__Host-session.customers"));
    browser.open(&request).await;
    browser.sees("#password").await;
    browser.open(&world.at("customers", "/logout")).await;
    assert_eq!(browser.title().await, "You are signed out");
}
