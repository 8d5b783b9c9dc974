//! A request that is posted, from wherever.

use crate::person::{ALICE, Ask, CALLBACK, Person};
use crate::world::Server;

#[tokio::test]
async fn a_request_that_is_posted_is_kept_and_the_browser_comes_back_for_it() {
    let server = Server::demo().await;
    let alice = Person::of(&server);
    let install = alice.install(ALICE).await;
    let ask = Ask::code("customers", &install.id, "openid orders:read");
    // Another site's form brings no cookies of ours, since those are SameSite=Lax.
    let stranger = Person::of(&server);
    let answer = stranger.post("/customers/authorize", &ask.form()).await;
    assert_eq!(answer.status, 303);
    let page = answer.header("location").to_owned();
    assert!(page.contains("/authorize/mar_"));
    let page = alice.get(&page).await.header("location").to_owned();
    let location = alice.get(&page).await.header("location").to_owned();
    assert!(location.starts_with(CALLBACK), "who is signed in is not asked: {location}");

    let answer = stranger.post("/customers/authorize", &ask.form()).await;
    let page = answer.header("location").to_owned();
    assert_eq!(alice.get(&page).await.status, 303);
    Person::of(&server).get(&page).await.error_page(400, "invalid_request");
}

#[tokio::test]
async fn what_is_posted_is_judged_before_it_is_kept() {
    let server = Server::demo().await;
    let app = server.web_app().await;
    let person = Person::of(&server);
    let ask = || Ask::code("open", &app.id, "orders:read");
    for (ask, error) in [
        (ask().with("client_id", "nobody"), "invalid_client"),
        (ask().with("redirect_uri", "https://evil.example/"), "invalid_redirect_uri"),
        (ask().with("state", &"x".repeat(9_000)), "invalid_request"),
    ] {
        person.post("/open/authorize", &ask.form()).await.error_page(400, error);
    }
    let long = ask().with("state", &"x".repeat(9_000));
    person.ask(&long).await.error_page(400, "invalid_request");
}

#[tokio::test]
async fn a_request_that_waited_for_too_long_or_was_answered_is_gone() {
    let server = Server::demo().await;
    let app = server.web_app().await;
    let person = Person::of(&server);
    let ask = Ask::code("open", &app.id, "orders:read");
    let (page, _) = person.page(&ask).await;
    server.clock.forward(std::time::Duration::from_secs(15 * 60));
    person.get(&page).await.error_page(400, "invalid_request");
    person.sign_in(&page, ALICE).await.error_page(400, "invalid_request");

    let (page, _) = person.page(&ask).await;
    person.sign_in(&page, ALICE).await;
    let html = person.get(&page).await.html();
    let yes = [("decision", "allow"), ("shown", &*crate::person::hidden(&html, "shown"))];
    assert!(person.post(&format!("{page}/consent"), &yes).await.header("location").starts_with(CALLBACK));
    person.post(&format!("{page}/consent"), &yes).await.error_page(400, "invalid_request");
    person.get(&page).await.error_page(400, "invalid_request");
}
