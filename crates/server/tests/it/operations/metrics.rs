//! How it is doing, in numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;

use http::Method;
use server::figures::Endpoint;
use server::operations::Inside;

use crate::person::{ALICE, Person};
use crate::world::{Caller, Operations, Server};

/// The samples by name and labels.
async fn samples(operations: &Caller) -> BTreeMap<String, f64> {
    let answer = operations.get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let samples = samples.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    });
    samples.collect()
}

fn requests(samples: &BTreeMap<String, f64>, endpoint: &str, method: &str, status: &str) -> f64 {
    let labels = format!("endpoint=\"{endpoint}\",method=\"{method}\",status=\"{status}\"");
    samples.get(&format!("matricula_requests_total{{{labels}}}")).copied().unwrap_or_default()
}

#[tokio::test]
async fn every_request_is_counted_by_endpoint_method_and_what_came_of_it() {
    let server = Server::demo().await;
    let operations = server.operations().await;
    let client = server.instance("field-app").await;
    server.token("staff", (&client.id, "wrong"), None).await;
    let steal = Method::from_bytes(b"STEAL").unwrap();
    server.send(steal, "/staff/token", &[], "").await;
    server.get("/no-such-profile/token").await;
    let found = samples(&operations).await;
    for (endpoint, method, status, count) in [
        ("token", "POST", "2xx", 1.0),
        ("token", "POST", "4xx", 1.0),
        ("token", "POST", "5xx", 0.0),
        ("token", "other", "4xx", 1.0),
        ("register", "POST", "2xx", 1.0),
        ("unknown", "GET", "4xx", 1.0),
    ] {
        assert_eq!(requests(&found, endpoint, method, status), count, "{endpoint} {method} {status}");
    }
    assert_eq!(found["matricula_request_duration_seconds_count{endpoint=\"token\"}"], 3.0);
    assert_eq!(found["matricula_request_duration_seconds_bucket{endpoint=\"token\",le=\"+Inf\"}"], 3.0);
    assert_eq!(found["matricula_requests_in_flight"], 0.0);
    assert!(found["matricula_connections_accepted_total"] >= 1.0);
    assert_eq!(found["matricula_connections_limit"], 10_000.0);
}

/// The router and the words know the same paths: what is served is never counted as unknown.
#[tokio::test]
async fn what_the_router_knows_has_a_name() {
    let server = Server::demo().await;
    let operations = server.operations().await;
    for (path, endpoint) in [
        ("/.well-known/oauth-authorization-server", Endpoint::Metadata),
        ("/.well-known/openid-configuration", Endpoint::Metadata),
        ("/jwks", Endpoint::Jwks),
        ("/register", Endpoint::Register),
        ("/revoke", Endpoint::Revoke),
        ("/token", Endpoint::Token),
        ("/userinfo", Endpoint::Userinfo),
        ("/authorize", Endpoint::Authorize),
        ("/authorize/mar_x", Endpoint::Interaction),
        ("/authorize/mar_x/sign-in", Endpoint::Interaction),
        ("/authorize/mar_x/account", Endpoint::Interaction),
        ("/authorize/mar_x/consent", Endpoint::Interaction),
        ("/assisted-token", Endpoint::AssistedToken),
        ("/logout", Endpoint::Logout),
        ("/introspect", Endpoint::Introspect),
        ("/nothing", Endpoint::Unknown),
    ] {
        let of = |samples: &BTreeMap<String, f64>| {
            let asked = samples.iter().filter(|(name, _)| {
                name.starts_with("matricula_requests_total")
                    && name.contains(&format!("endpoint=\"{}\"", endpoint.as_str()))
            });
            asked.map(|(_, count)| count).sum::<f64>()
        };
        let before = of(&samples(&operations).await);
        let answer = server.send(Method::PUT, &format!("/customers{path}"), &[], "").await;
        // 405 says that the router knows the path.
        let known = if endpoint == Endpoint::Unknown { 404 } else { 405 };
        assert_eq!(answer.status, known, "{path}");
        assert_eq!(of(&samples(&operations).await), before + 1.0, "{path}");
    }
}

#[tokio::test]
async fn what_was_written_and_told_is_counted() {
    let server = Server::demo().await;
    let operations = server.operations().await;
    Person::of(&server).install(ALICE).await;
    server.token("staff", ("enroller", "wrong"), None).await;
    let found = samples(&operations).await;
    for (kind, count) in [("user-signed-in", 1.0), ("client-registered", 1.0), ("refresh-token-reused", 0.0)]
    {
        assert_eq!(found[&format!("matricula_outcomes_total{{kind=\"{kind}\"}}")], count, "{kind}");
    }
    assert_eq!(found["matricula_activity_total{kind=\"client-authentication-refused\"}"], 1.0);
    let transactions = found["matricula_store_transaction_jobs_count"];
    assert!(transactions > 3.0 && found["matricula_store_transaction_jobs_sum"] >= transactions);
    assert!(found["matricula_store_commit_duration_seconds_count"] >= transactions);
    for quiet in [
        "matricula_store_writes_failed_total",
        "matricula_store_turned_away_total{kind=\"read\"}",
        "matricula_store_turned_away_total{kind=\"write\"}",
        "matricula_passwords_in_work",
        "matricula_passwords_waiting",
    ] {
        assert_eq!(found[quiet], 0.0, "{quiet}");
    }
    // The server itself reads and writes now and then.
    for quiet in ["store_reads_waiting", "store_writes_waiting", "activity_lines_waiting"] {
        until(&operations, |found| found[&format!("matricula_{quiet}")] == 0.0).await;
    }
}

#[tokio::test]
async fn the_build_and_the_start_are_told_and_the_build_also_before_the_start() {
    let starting = Operations::of(Arc::<Inside>::default()).await;
    let build = format!("matricula_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(samples(&starting).await, BTreeMap::from([(build.clone(), 1.0)]));
    let server = Server::demo().await;
    let operations = server.operations().await;
    let found = samples(&operations).await;
    assert_eq!(found[&build], 1.0);
    assert_eq!(found["process_start_time_seconds"], 1_795_421_565.0);
}

/// Asks until something is so; whatever it waits for is on its way.
async fn until(operations: &Caller, is_so: impl Fn(&BTreeMap<String, f64>) -> bool) {
    for _ in 0..20_000 {
        if is_so(&samples(operations).await) {
            return;
        }
    }
    panic!("it never came: {:#?}", samples(operations).await);
}

/// Somebody else writes to the store, so a registration waits, and whoever asked for it does not.
#[tokio::test]
async fn what_waits_is_shown_and_whoever_goes_before_the_answer_is_counted() {
    let (server, file) = Server::on_file().await;
    let operations = server.operations().await;
    let holder = rusqlite::Connection::open(file).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let body = r#"{"grant_types":["client_credentials"]}"#;
    let ask = || {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        let length = body.len();
        write!(stream, "POST /open/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        stream
    };
    let (first, second) = (ask(), ask());
    // One may be in the transaction that waits, the other waits for the next.
    until(&operations, |found| {
        // The server itself writes now and then.
        found["matricula_store_writes_waiting"] >= 1.0
            && found["matricula_requests_in_flight"] == 2.0
            && found["matricula_connections_open"] == 2.0
    })
    .await;
    drop((first, second));
    until(&operations, |found| requests(found, "register", "POST", "gone") == 2.0).await;
    let found = samples(&operations).await;
    assert_eq!(found["matricula_requests_in_flight"], 0.0);
    assert!(!found.contains_key("matricula_request_duration_seconds_count{endpoint=\"register\"}"));
    holder.execute_batch("ROLLBACK").unwrap();
    until(&operations, |found| found["matricula_store_writes_waiting"] == 0.0).await;
    until(&operations, |found| found["matricula_connections_open"] == 0.0).await;
}

/// Whoever copies an alarm out of the documentation is not to wait for something that never comes.
#[tokio::test]
async fn every_figure_that_the_documentation_watches_is_there() {
    let server = Server::demo().await;
    let operations = server.operations().await;
    server.token("staff", ("enroller", "wrong"), None).await;
    let found = samples(&operations).await;
    let name_of = |sample: &String| sample.split('{').next().unwrap().to_owned();
    let there: BTreeSet<String> = found.keys().map(name_of).collect();
    let is_of_a_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let words = include_str!("../../../../../docs/operate.md").split(|c| !is_of_a_name(c));
    let watched: BTreeSet<&str> = words
        .filter(|word| word.starts_with("matricula_") || *word == "process_start_time_seconds")
        .collect();
    assert!(watched.len() > 15, "{watched:?}");
    for name in watched {
        assert!(there.contains(name), "{name}: {there:#?}");
    }
    // And the words that alarms pick out.
    for sample in [
        "matricula_outcomes_total{kind=\"refresh-token-reused\"}",
        "matricula_outcomes_total{kind=\"authorization-code-replayed\"}",
        "matricula_activity_total{kind=\"sign-in-refused\"}",
        "matricula_activity_total{kind=\"client-authentication-refused\"}",
        "matricula_requests_total{endpoint=\"token\",method=\"POST\",status=\"5xx\"}",
        "matricula_requests_total{endpoint=\"token\",method=\"POST\",status=\"gone\"}",
    ] {
        assert!(found.contains_key(sample), "{sample}");
    }
}

/// Whatever strangers send, there are not more series for it.
#[tokio::test]
async fn no_client_user_or_path_becomes_a_label() {
    let server = Server::demo().await;
    let operations = server.operations().await;
    let client = server.instance("field-app").await;
    Person::of(&server).install(ALICE).await;
    let names = |samples: BTreeMap<String, f64>| samples.into_keys().collect::<Vec<_>>();
    let before = names(samples(&operations).await);
    for n in 0..20 {
        server.get(&format!("/staff/path-{n}")).await;
        server.get(&format!("/profile-{n}/token")).await;
        server.send(Method::from_bytes(format!("M{n}").as_bytes()).unwrap(), "/staff/token", &[], "").await;
        server.token("staff", (&format!("client-{n}"), "x"), None).await;
    }
    let after = names(samples(&operations).await);
    let new: Vec<_> = after.iter().filter(|name| !before.contains(name)).collect();
    let is_of_ours = |name: &&&String| name.contains("\"unknown\"") || name.contains("\"other\"");
    assert!(new.iter().all(|name| is_of_ours(&name)), "{new:#?}");
    for word in ["path-", "profile-1", "M1", "client-1", client.id.as_str(), "staff", "customers", "alice"] {
        assert!(!after.iter().any(|name| name.contains(word)), "{word}");
    }
}
