//! An app is installed: its user signs in once, and it registers itself and goes on without asking again.

use serde_json::json;
use url::form_urlencoded;

use crate::chromium::{Chromium, Visit};
use crate::world::{Registered, World, claims, parameter, shop_app};

fn get(url: &str) -> Visit {
    Visit { method: "GET".to_owned(), url: url.to_owned() }
}

/// What an installed app may ask for.
const EVERYTHING: &str = "offline_access openid orders:read orders:write profile";

/// The app asks with what it was given, and nobody is shown anything.
async fn goes_on_silently(world: &World, browser: &Chromium, instance: &Registered) {
    let request = world.code_request("customers", &instance.id, &[("scope", EVERYTHING), ("nonce", "n")]);
    browser.visits().await;
    browser.open(&request).await;
    let address = browser.address().await;
    assert!(address.as_str().starts_with(&world.site.callback()), "{address}");
    // The browser went from the request to the app: no page of the server's was between them.
    assert_eq!(browser.visits().await, [get(&request), get(address.as_str())]);

    let without_secret = Registered { secret: None, ..instance.clone() };
    let code = parameter(&address, "code").unwrap();
    let form = [("grant_type", "authorization_code"), ("code", code.as_str())];
    assert_eq!(world.token("customers", &without_secret, &form).await.status, 401);

    let mut tokens = world.redeem("customers", instance, &address).await;
    assert_eq!(tokens["scope"], EVERYTHING);
    let id_token = claims(&tokens["id_token"]);
    assert_eq!((&id_token["aud"], &id_token["nonce"]), (&json!(instance.id), &json!("n")));
    for _ in 0..2 {
        let refresh_token = tokens["refresh_token"].as_str().unwrap();
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        let answer = world.token("customers", instance, &form).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        tokens = answer.json;
    }
    let userinfo = world.userinfo("customers", tokens["access_token"].as_str().unwrap()).await;
    assert_eq!((&userinfo["sub"], &userinfo["name"]), (&id_token["sub"], &json!("alice of the tests")));
}

#[tokio::test]
async fn somebody_signs_in_once_and_the_app_registers_itself_and_goes_on() {
    let world = World::start().await;
    let browser = Chromium::start().await;
    browser.open(&world.code_request("customers", "shop-app", &[("scope", "dcr")])).await;
    let page = browser.comes_to(&world.at("customers", "/authorize/mar_")).await;
    assert_eq!(page.query(), None, "the request does not stay in the address bar");
    assert_eq!(browser.title().await, "Sign in");
    assert!(browser.text().await.contains("Shop"));

    // Nobody is told which of the two was wrong.
    browser.types("#username", "alice").await;
    browser.types("#password", "bob-password").await;
    browser.sends("#sign-in").await;
    assert!(browser.reads("#problem").await.contains("username or the password"));
    // A tab that comes back asks for the address that the form was sent to.
    browser.open(browser.address().await.as_str()).await;
    browser.sees("#username").await;
    assert!(!browser.has("#problem").await);
    browser.signs_in_as("alice").await;

    browser.sees("#device").await;
    assert_eq!(browser.address().await, page);
    assert_eq!(browser.title().await, "Set up Shop on this device?");
    assert!(browser.reads("#destination").await.contains("(127.0.0.1)"));
    assert!(browser.text().await.contains("alice"));
    browser.sends("#allow").await;

    let address = browser.comes_to(&world.site.callback()).await;
    let tokens = world.redeem("customers", &shop_app(), &address).await;
    assert_eq!((&tokens["scope"], &tokens["refresh_token"]), (&json!("dcr"), &json!(null)));
    let token = tokens["access_token"].as_str();
    let instance = world.register("customers", token, &json!({ "software_id": "shop-install" })).await;
    assert!(instance.secret.is_some());
    goes_on_silently(&world, &browser, &instance).await;

    // The page that was answered is of no use to anybody who finds it in the history.
    browser.open(page.as_str()).await;
    assert_eq!(browser.reads("#error").await, "invalid_request");
}

#[tokio::test]
async fn the_implicit_flow_brings_the_token_in_the_fragment() {
    let world = World::start().await;
    let browser = Chromium::start().await;
    let redirect_uri = world.site.callback();
    let parameters = [
        ("response_type", "token"),
        ("client_id", "shop-app"),
        ("redirect_uri", redirect_uri.as_str()),
        ("scope", "dcr"),
        ("state", "a-state"),
    ];
    browser.open(&world.request("customers", "/authorize", &parameters)).await;
    browser.signs_in_as("alice").await;
    browser.sees("#device").await;
    browser.sends("#allow").await;
    let address = browser.comes_to(&redirect_uri).await;
    assert_eq!(address.query(), None);
    let fragment = form_urlencoded::parse(address.fragment().unwrap().as_bytes());
    let said: Vec<(String, String)> = fragment.into_owned().collect();
    let [(a, token), (b, kind), (c, _), rest @ ..] = said.as_slice() else { panic!("{said:?}") };
    assert_eq!([a, b, c], ["access_token", "token_type", "expires_in"]);
    assert_eq!(kind, "Bearer");
    let expected = [("scope", "dcr"), ("state", "a-state"), ("iss", &world.at("customers", ""))];
    assert_eq!(rest, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));

    let instance = world.register("customers", Some(token), &json!({ "software_id": "shop-install" })).await;
    goes_on_silently(&world, &browser, &instance).await;
}
