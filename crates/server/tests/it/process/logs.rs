//! What is in the log, and what never is.

use std::collections::BTreeSet;

use base64::Engine;
use primitives::clock::Clock;
use rustix::process::Signal;
use serde_json::{Value, json};
use server::clock::SystemClock;

use super::child::Process;
use crate::person::{ALICE, Ask, CALLBACK, Person, VERIFIER, Who, parameter};
use crate::users::user;
use crate::world::{Answer, Caller, Registered, basic};

fn caller(process: &Process) -> Caller {
    Caller::of(([127, 0, 0, 1], process.port).into())
}

fn end(mut process: Process, logs: std::thread::JoinHandle<String>) -> String {
    process.signal(Signal::TERM);
    assert!(process.wait().success());
    logs.join().unwrap()
}

/// What nobody may read in a log: each secret of an answer, as it is and as it travels.
#[derive(Default)]
struct Secrets(BTreeSet<String>);

impl Secrets {
    fn add(&mut self, secret: &str) {
        assert!(secret.len() >= 8, "'{secret}' could stand in a log by chance");
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let in_base64 = base64::engine::general_purpose::STANDARD.encode(secret);
        self.0.extend([secret.to_owned(), encoded, in_base64]);
    }

    fn add_basic(&mut self, credential: (&str, &str)) {
        self.add(credential.1);
        self.add(basic(credential).strip_prefix("Basic ").unwrap());
    }

    /// All that is secret in an answer: the members that are, and every cookie.
    fn add_all_of(&mut self, answer: &Answer) {
        if let Ok(json) = serde_json::from_slice::<Value>(&answer.body) {
            for member in ["access_token", "refresh_token", "id_token", "client_secret"] {
                if let Some(secret) = json[member].as_str() {
                    self.add(secret);
                }
            }
        }
        for cookie in answer.headers.get_all("set-cookie") {
            let value = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap().1;
            if !value.is_empty() {
                self.add(value);
            }
        }
    }
}

/// An app signs its user in, registers itself, gets tokens, refreshes them, is told off, and gives them back.
async fn mobile_story(server: &Caller, secrets: &mut Secrets) {
    let person = Person::of(server);
    secrets.add(ALICE.1);
    secrets.add(VERIFIER);
    let asked = person.ask(&Ask::dcr()).await;
    secrets.add_all_of(&asked);
    let page = asked.header("location").to_owned();
    secrets.add(page.rsplit('/').next().unwrap());
    person.get(&page).await;
    let refused = person.sign_in(&page, (ALICE.0, "a-wrong-password-of-alice")).await;
    secrets.add("a-wrong-password-of-alice");
    secrets.add_all_of(&refused);
    let signed_in = person.sign_in(&page, ALICE).await;
    assert_eq!(signed_in.status, 303, "{signed_in:?}");
    secrets.add_all_of(&signed_in);
    let allowed = person.allow(&page).await;
    let location = allowed.header("location").to_owned();
    secrets.add(&parameter(&location, "code").unwrap());
    let token = server.redeem("customers", Who::Public("shop-app"), &location).await;
    assert_eq!(token.status, 200, "{token:?}");
    secrets.add_all_of(&token);
    let body = json!({"software_id": "shop-install"});
    let registered = server.register("customers", Some(&token.text("access_token")), &body).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    secrets.add_all_of(&registered);
    // Once more: it is spent.
    server.register("customers", Some(&token.text("access_token")), &body).await;
    let app = Registered::of(&registered);
    secrets.add_basic(app.credential());

    let ask = Ask::code("customers", &app.id, "openid offline_access orders:read");
    let silent = person.ask(&ask).await;
    let location = silent.header("location").to_owned();
    assert!(location.starts_with(CALLBACK), "{location}");
    secrets.add(&parameter(&location, "code").unwrap());
    let who = Who::Secret(app.credential());
    let wrong =
        server.redeem("customers", Who::Secret((&app.id, "not-the-secret-of-the-app")), &location).await;
    assert_eq!(wrong.status, 401);
    secrets.add_basic((&app.id, "not-the-secret-of-the-app"));
    let tokens = server.redeem("customers", who, &location).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    secrets.add_all_of(&tokens);
    let bearer = format!("Bearer {}", tokens.text("access_token"));
    let userinfo =
        server.send(http::Method::GET, "/customers/userinfo", &[("authorization", &bearer)], "").await;
    assert_eq!(userinfo.status, 200);
    let refreshed = server.refresh("customers", who, &tokens.text("refresh_token")).await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    secrets.add_all_of(&refreshed);
    let again = server.refresh("customers", who, &refreshed.text("refresh_token")).await;
    secrets.add_all_of(&again);
    // A dead one: the family ends.
    let reused = server.refresh("customers", who, &tokens.text("refresh_token")).await;
    assert_eq!(reused.status, 400, "{reused:?}");
    let revoked = server.post_as("/customers/revoke", who, &[("token", &again.text("refresh_token"))]).await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    // In the address, where it does not belong.
    server.get(&format!("/customers/userinfo?access_token={}", tokens.text("access_token"))).await;
}

/// The clients go on listening while the server ends: one that speaks HTTP/2 is told, and closes.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_secret_is_in_the_log_of_the_mobile_story_however_much_is_logged() {
    let mut process = Process::start_logging(&["--log", "trace"]);
    let logs = process.collect_logs();
    let added =
        user(&format!("sqlite:{}", process.store().display()), &["add", ALICE.0], &format!("{}\n", ALICE.1));
    assert!(added.status.success(), "{added:?}");
    let mut secrets = Secrets::default();
    mobile_story(&caller(&process), &mut secrets).await;
    mobile_story(&caller(&process).speaking_http2(), &mut secrets).await;
    let log = end(process, logs);
    assert!(log.contains("TRACE") && log.matches("answered").count() > 30, "everything was logged: {log}");
    assert!(log.contains("endpoint=\"interaction\""), "also what people asked");
    assert!(log.contains("received frame=Headers"), "and what the library beneath says of HTTP/2");
    assert!(secrets.0.len() > 60, "{}", secrets.0.len());
    for secret in &secrets.0 {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(line, None, "a secret is in the log");
    }
}

/// Damages the row of a client under the server, so that the next request for it is logged.
async fn make_it_fail(process: &Process, theirs: &str) -> Answer {
    let caller = caller(process);
    let client =
        Registered::of(&caller.register("open", None, &json!({"grant_types": ["client_credentials"]})).await);
    let file = rusqlite::Connection::open(process.store()).unwrap();
    file.execute("UPDATE clients SET registrant = 'martian'", []).unwrap();
    let basic = basic(client.credential());
    let headers = [("authorization", basic.as_str()), ("x-request-id", theirs)];
    let answer = caller.post_form("/open/token", &headers, &[("grant_type", "client_credentials")]).await;
    assert_eq!(answer.status, 500, "{answer:?}");
    answer
}

#[tokio::test]
async fn a_line_of_the_log_names_the_request_that_caused_it() {
    let mut process = Process::start_logging(&["--log", "info"]);
    let logs = process.collect_logs();
    let answer = make_it_fail(&process, "from-the-proxy.7").await;
    let log = end(process, logs);
    let line = log.lines().find(|line| line.contains("something is wrong inside")).unwrap();
    let wanted = format!(" request={} client_request=from-the-proxy.7", answer.header("x-request-id"));
    assert!(line.ends_with(&wanted), "{line}");
    let stop = log.lines().find(|line| line.contains("told to stop")).unwrap();
    assert!(!stop.contains("request="), "no request caused it: {stop}");
}

#[tokio::test]
async fn a_line_for_machines_has_the_name_as_a_member_and_no_forged_one() {
    let mut process = Process::start_logging(&["--log", "info", "--log-format", "json"]);
    let logs = process.collect_logs();
    let answer = make_it_fail(&process, "x\",\"request\":\"forged").await;
    let log = end(process, logs);
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let line = lines.iter().find(|line| line["fields"]["message"] == "something is wrong inside").unwrap();
    assert_eq!(line["request"], answer.header("x-request-id"));
    assert_eq!(line.get("client_request"), None);
    assert!(!log.contains("forged"));
    let year = &SystemClock.now().to_string()[..4];
    assert!(line["timestamp"].as_str().unwrap().starts_with(year));
}
