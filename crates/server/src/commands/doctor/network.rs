//! What the world calls the server, who answers where it listens, and whose word about origins is taken.
//!
//! Nothing is fetched from the world: the one server that is asked is our own, on this machine.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::finding::Finding;
use crate::config::Configuration;
use crate::profiles::host_and_path;

const PUBLIC_URL: &str = "public URL";
const SERVER: &str = "server";
const PROXIES: &str = "proxies";

/// How long anybody may take to answer.
const ANSWERS_IN: Duration = Duration::from_secs(3);

/// More than any metadata document has.
const MAX_METADATA: usize = 256 * 1024;

/// Whether the names that clients are told lead anywhere.
pub(super) async fn look_at_names(configuration: &Configuration) -> Vec<Finding> {
    let issuers = configuration.profiles.iter().map(|profile| profile.issuer.as_str());
    let urls: BTreeSet<(bool, String)> =
        issuers.map(|issuer| (issuer.starts_with("https:"), host_and_path(issuer).0)).collect();
    let mut findings = Vec::new();
    for (is_https, host) in urls {
        // Plain HTTP is taken for loopback addresses alone.
        let scheme = if is_https { "https" } else { "http, and so for this machine alone" };
        findings.push(match timeout(ANSWERS_IN, resolves(&host, is_https)).await {
            Ok(true) => Finding::ok(PUBLIC_URL, format!("{host} resolves ({scheme})")),
            Ok(false) | Err(_) => Finding::warning(
                PUBLIC_URL,
                format!("{host} does not resolve on this machine"),
                "look whether it is spelt as in the DNS, and whether clients resolve it",
            ),
        });
    }
    findings
}

async fn resolves(host: &str, is_https: bool) -> bool {
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let host = if has_port { host.to_owned() } else { format!("{host}:{}", if is_https { 443 } else { 80 }) };
    lookup_host(host).await.is_ok_and(|mut found| found.next().is_some())
}

/// Whether the server that runs, if one does, is the one that the configuration speaks of.
pub(super) async fn look_at_server(configuration: &Configuration) -> Vec<Finding> {
    let Some(address) = on_loopback(configuration.listen) else {
        let text = format!("{} is not asked, as it is no loopback address", configuration.listen);
        return vec![Finding::ok(SERVER, text)];
    };
    if !matches!(timeout(ANSWERS_IN, TcpStream::connect(address)).await, Ok(Ok(_))) {
        return vec![Finding::ok(SERVER, format!("nobody listens on {address} at this moment"))];
    }
    let mut wrong = Vec::new();
    for profile in &configuration.profiles {
        match timeout(ANSWERS_IN, issuer_told_at(address, &profile.issuer)).await {
            Ok(Told::Issuer(told)) if told == profile.issuer => {}
            Ok(Told::Issuer(told)) => wrong.push(Finding::problem(
                SERVER,
                format!("whoever listens on {address} says '{told}' where {} is meant", profile.issuer),
                "restart the server: public_url and issuers of what runs are not those of this file",
            )),
            Ok(Told::Status(StatusCode::NOT_FOUND)) => wrong.push(Finding::problem(
                SERVER,
                format!("whoever listens on {address} does not know {}", profile.issuer),
                "reload it (kill -HUP); if it still does not, another program listens there",
            )),
            Ok(Told::Status(status)) => wrong.push(Finding::problem(
                SERVER,
                format!("whoever listens on {address} answers {status} when asked for {}", profile.issuer),
                "look at its log; if it has none, another program listens there",
            )),
            Ok(Told::Nonsense) => wrong.push(Finding::problem(
                SERVER,
                format!("whoever listens on {address} does not answer as this program does"),
                "another program listens there: stop it, or choose another port in `listen`",
            )),
            Err(_elapsed) => wrong.push(Finding::problem(
                SERVER,
                format!("whoever listens on {address} does not answer within {} s", ANSWERS_IN.as_secs()),
                "look at its log, and at what the machine does",
            )),
        }
    }
    if wrong.is_empty() {
        let count = configuration.profiles.len();
        wrong.push(Finding::ok(
            SERVER,
            format!("a server runs on {address}, and knows all {count} profile(s)"),
        ));
    }
    wrong
}

/// The address by which this machine reaches itself there, if it does.
fn on_loopback(listen: SocketAddr) -> Option<SocketAddr> {
    let ip = match listen.ip() {
        ip if ip.to_canonical().is_loopback() => ip,
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, listen.port()))
}

/// What a server says when it is asked for its metadata.
enum Told {
    Issuer(String),
    Status(StatusCode),
    Nonsense,
}

/// The metadata as a client would ask for them that came by the proxy: for the public host.
async fn issuer_told_at(address: SocketAddr, issuer: &str) -> Told {
    let (host, path) = host_and_path(issuer);
    let request = Request::builder()
        .uri(format!("http://{address}{path}/.well-known/oauth-authorization-server"))
        .header(header::HOST, host)
        .body(Empty::<Bytes>::new());
    let Ok(request) = request else { return Told::Nonsense };
    let client: Client<HttpConnector, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let Ok(response) = client.request(request).await else { return Told::Nonsense };
    if response.status() != StatusCode::OK {
        return Told::Status(response.status());
    }
    let Ok(body) = Limited::new(response.into_body(), MAX_METADATA).collect().await else {
        return Told::Nonsense;
    };
    let metadata = serde_json::from_slice::<Value>(&body.to_bytes()).unwrap_or_default();
    metadata
        .get("issuer")
        .and_then(Value::as_str)
        .map_or(Told::Nonsense, |told| Told::Issuer(told.to_owned()))
}

/// Whether it is known where requests come from.
pub(super) fn look_at_proxies(configuration: &Configuration) -> Vec<Finding> {
    let Configuration { listen, trusted_proxies, profiles, .. } = configuration;
    let is_https = profiles.iter().any(|profile| profile.issuer.starts_with("https:"));
    let is_public = !listen.ip().to_canonical().is_loopback();
    let mut findings = Vec::new();
    if is_https && trusted_proxies.is_empty() {
        findings.push(Finding::warning(
            PROXIES,
            "clients come by https, so by a proxy, and trusted_proxies names none: to this server everybody is in one \
             network, and shares what one network may do",
            "name the proxy in trusted_proxies, and have it send Forwarded or X-Forwarded-For",
        ));
    }
    if is_public && !trusted_proxies.is_empty() {
        let named: Vec<String> = trusted_proxies.iter().map(ToString::to_string).collect();
        findings.push(Finding::warning(
            PROXIES,
            format!(
                "it listens on {listen}, and whoever reaches that from {} can say that a request came from anywhere",
                named.join(", ")
            ),
            "let nobody but the proxy reach that port (a firewall, a network of its own), or listen on loopback",
        ));
    }
    if findings.is_empty() {
        let text = if trusted_proxies.is_empty() { "there is none to be named" } else { "they are named" };
        findings.push(Finding::ok(PROXIES, text));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_who_is_not_this_machine() {
        for (listen, asked) in [
            ("127.0.0.1:8080", Some("127.0.0.1:8080")),
            ("[::1]:8080", Some("[::1]:8080")),
            ("0.0.0.0:8080", Some("127.0.0.1:8080")),
            ("[::]:8080", Some("[::1]:8080")),
            ("10.1.2.3:8080", None),
            ("[2001:db8::1]:8080", None),
        ] {
            let asked = asked.map(|address| address.parse().unwrap());
            assert_eq!(on_loopback(listen.parse().unwrap()), asked, "{listen}");
        }
    }
}
