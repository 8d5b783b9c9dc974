//! Cookies, as the browser keeps them.

use thirtyfour::cookie::SameSite;

use crate::chromium::Chromium;
use crate::world::World;

#[tokio::test]
async fn no_script_reads_a_cookie_and_no_other_host_or_site_has_its_way_with_one() {
    let world = World::start().await;
    let browser = Chromium::start().await;
    world.install(&browser, "alice").await;
    browser.open(&world.at("customers", "/logout")).await;
    let cookies = browser.cookies().await;
    let kept: Vec<_> = cookies
        .iter()
        .map(|cookie| (cookie.name.as_str(), cookie.same_site, cookie.expiry.is_some()))
        .collect();
    let expected = [
        ("__Host-browser.customers", Some(SameSite::Lax), false),
        ("__Host-device.main", Some(SameSite::Lax), true),
        ("__Host-frame.customers", Some(SameSite::None), true),
        ("__Host-session.customers", Some(SameSite::Lax), true),
    ];
    assert_eq!(kept, expected);
    for cookie in &cookies {
        assert_eq!((cookie.secure, cookie.http_only), (Some(true), Some(true)), "{cookie:?}");
        // A host alone: a domain would begin with a dot.
        assert_eq!((cookie.domain.as_deref(), cookie.path.as_deref()), (Some("localhost"), Some("/")));
    }
    assert_eq!(browser.runs("return document.cookie").await, "");
}
