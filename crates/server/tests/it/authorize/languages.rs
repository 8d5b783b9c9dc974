//! Pages in the language of whoever reads them (OpenID Connect Core §3.1.2.1, RFC 7591 §2.2).

use serde_json::json;

use crate::person::{ALICE, Ask, Person};
use crate::world::Server;

#[tokio::test]
async fn a_page_is_in_the_language_that_the_request_or_the_browser_asks_for() {
    let server = Server::demo().await;
    let person = Person::of(&server);
    for (ui_locales, accept, language, name) in [
        ("", "", "en", ">Shop<"),
        ("", "de-AT,de;q=0.9,en;q=0.1", "de", ">Laden<"),
        ("de", "en", "de", ">Laden<"),
        ("fr en", "de", "en", ">Shop<"),
        ("tlh", "de", "de", ">Laden<"),
    ] {
        *person.headers.borrow_mut() = vec![("accept-language", accept.to_owned())];
        let (page, html) = person.page(&Ask::dcr().with("ui_locales", ui_locales)).await;
        assert!(html.contains(&format!("<html lang=\"{language}\"")), "{ui_locales} {accept}");
        assert!(html.contains(name), "{html}");
        let wrong = person.sign_in(&page, ("alice", "wrong")).await;
        assert!(wrong.html().contains(&format!("<html lang=\"{language}\"")));
    }
}

#[tokio::test]
async fn scopes_and_names_are_told_in_the_readers_language() {
    let server = Server::demo().await;
    let app = server
        .open_client(&json!({
            "redirect_uris": [crate::person::CALLBACK], "client_name": "Reports", "client_name#de": "Berichte",
        }))
        .await;
    let person = Person::of(&server);
    *person.headers.borrow_mut() = vec![("accept-language", "de".to_owned())];
    let (page, _) = person.page(&Ask::code("open", &app.id, "openid orders:read")).await;
    person.sign_in(&page, ALICE).await;
    let html = person.get(&page).await.html();
    assert!(html.contains("Berichte") && html.contains("Ihre Bestellungen sehen"), "{html}");
}
