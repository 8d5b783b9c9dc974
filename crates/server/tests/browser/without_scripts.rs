//! Whoever has switched scripts off.

use serde_json::json;

use crate::chromium::Chromium;
use crate::world::World;

#[tokio::test]
async fn people_sign_in_and_consent_without_scripts() {
    let world = World::start().await;
    let no_scripts = json!({ "profile": { "managed_default_content_settings": { "javascript": 2 } } });
    let browser = Chromium::start_with(no_scripts, &[]).await;
    let html = "<!doctype html><title>Off</title><script>document.title = 'On'</script>";
    browser.open(&world.site.page("/scripts", html)).await;
    assert_eq!(browser.title().await, "Off");

    let client = world.stranger().await;
    browser.open(&world.code_request("open", &client.id, &[("scope", "openid orders:read profile")])).await;
    browser.signs_in_as("alice").await;
    browser.sees("#caution").await;
    browser.sends("#allow").await;
    let address = browser.comes_to(&world.site.callback()).await;
    world.redeem("open", &client, &address).await;

    browser.open(&world.at("open", "/logout")).await;
    browser.sends("#sign-out").await;
    browser.sees("h1").await;
    assert_eq!(browser.title().await, "You are signed out");
}
