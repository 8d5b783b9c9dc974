//! What pages of other sites can do, and what they cannot.

use crate::chromium::{Chromium, Visit};
use crate::world::{World, parameter};

#[tokio::test]
async fn no_other_site_frames_a_page() {
    let world = World::start().await;
    let browser = Chromium::start().await;
    let instance = world.install(&browser, "alice").await;
    let sign_in =
        world.code_request("customers", &instance.id, &[("scope", "orders:read"), ("prompt", "login")]);
    for address in [sign_in, world.at("customers", "/logout"), world.at("customers", "/authorize")] {
        browser.complaints().await;
        browser.open(&world.site.page_that_frames(&address)).await;
        browser.sees("#loaded iframe").await;
        browser.enters_frame().await;
        assert!(!browser.has("main").await, "{}", browser.text().await);
        browser.leaves_frame().await;
        let complaints = browser.complaints().await;
        assert!(complaints.contains("frame-ancestors 'none'"), "{complaints}");
    }
}

/// Signing somebody in as somebody else is worth something to whoever does it.
#[tokio::test]
async fn no_other_site_signs_anybody_in_or_out() {
    let world = World::start().await;
    let browser = Chromium::start().await;
    let request = world.code_request("customers", "shop-app", &[("scope", "dcr")]);
    browser.open(&request).await;
    browser.sees("#password").await;
    let page = browser.address().await;
    let credentials = [("username", "bob"), ("password", "bob-password")];
    browser.open(&world.site.page_that_posts(&format!("{page}/sign-in"), &credentials)).await;
    assert_eq!(browser.reads("#error").await, "access_denied");
    let names: Vec<String> = browser.cookies().await.into_iter().map(|cookie| cookie.name).collect();
    assert_eq!(names, ["__Host-browser.customers"]);

    // The page itself still does what it is for.
    browser.open(page.as_str()).await;
    browser.signs_in_as("alice").await;
    browser.sees("#device").await;
    browser.open(&world.site.page_that_posts(&format!("{page}/consent"), &[("decision", "deny")])).await;
    assert_eq!(browser.reads("#error").await, "access_denied");
    browser.open(&world.site.page_that_posts(&world.at("customers", "/logout"), &[])).await;
    assert_eq!(browser.reads("#error").await, "access_denied");
    browser.open(page.as_str()).await;
    browser.sends("#allow").await;
    let address = browser.comes_to(&world.site.callback()).await;
    assert!(parameter(&address, "code").is_some());
}

/// The browser sends such a form without the cookies of the server, and the redirect after it with them.
#[tokio::test]
async fn a_request_that_another_site_posts_is_answered_like_any_other() {
    let world = World::start().await;
    let browser = Chromium::start().await;
    let instance = world.install(&browser, "alice").await;
    browser.open(&world.at("customers", "/logout")).await;
    browser.sends("#sign-out").await;
    browser.sees("h1").await;

    let address = world.code_request("customers", &instance.id, &[("scope", "openid orders:read")]);
    let (endpoint, _) = address.split_once('?').unwrap();
    let parameters: Vec<(String, String)> =
        url::Url::parse(&address).unwrap().query_pairs().into_owned().collect();
    let fields: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let page = world.site.page_that_posts(endpoint, &fields);

    browser.open(&page).await;
    browser.sees("#password").await;
    browser.signs_in_as("alice").await;
    let arrived = browser.comes_to(&world.site.callback()).await;
    world.redeem("customers", &instance, &arrived).await;

    browser.visits().await;
    browser.open(&page).await;
    let arrived = browser.comes_to(&world.site.callback()).await;
    world.redeem("customers", &instance, &arrived).await;
    let visits = browser.visits().await;
    let [trap, posted, given, opened, back] = visits.as_slice() else { panic!("{visits:?}") };
    assert_eq!((trap.url.as_str(), back.url.as_str()), (page.as_str(), arrived.as_str()));
    assert_eq!(posted, &Visit { method: "POST".to_owned(), url: endpoint.to_owned() });
    // The name that the other site could have learned is worth nothing once this browser has opened it.
    for page in [given, opened] {
        assert_eq!(page.method, "GET");
        assert!(page.url.starts_with(&world.at("customers", "/authorize/mar_")), "{page:?}");
    }
    assert_ne!(given.url, opened.url);
}
