//! A configuration works, or every reason why it cannot is named.

use std::path::Path;

use server::config::document::ConfigDocument;
use server::config::{ConfigError, Configuration, EXAMPLE};
use server::demo;
use tempfile::TempDir;

fn parse(text: &str) -> Result<Configuration, ConfigError> {
    let folder = TempDir::new().unwrap();
    demo::furnish(folder.path()).unwrap();
    Configuration::parse(text, folder.path())
}

fn problems(text: &str) -> Vec<String> {
    match parse(text) {
        Err(ConfigError::Problems(problems)) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_example_works() {
    let configuration = parse(EXAMPLE).unwrap();
    assert_eq!(configuration.profiles[0].issuer, "https://id.example.com/staff");
    let warnings = configuration.warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("no secret has it"), "{warnings:?}");
}

#[test]
fn the_demo_world_works_and_warns_of_its_open_door() {
    let configuration = parse(&demo::world(8700, "sqlite:matricula.db")).unwrap();
    let warnings = configuration.warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("/open: everybody may register"), "{warnings:?}");
}

#[test]
fn what_is_told_of_the_inside_is_told_on_loopback_or_there_is_a_warning() {
    let with = |listen: &str| {
        let world = demo::world(8700, "sqlite:matricula.db");
        parse(&format!("{world}\n[operations]\nlisten = \"{listen}\"\n"))
    };
    for (listen, is_warned_of) in [
        ("127.0.0.1:9800", false),
        ("[::1]:9800", false),
        ("[::ffff:127.0.0.1]:9800", false),
        ("0.0.0.0:9800", true),
        ("[::]:9800", true),
        ("10.1.2.3:9800", true),
    ] {
        let configuration = with(listen).unwrap();
        assert_eq!(configuration.operations, Some(listen.parse().unwrap()));
        let is_it =
            |warning: &String| warning.starts_with(&format!("operations.listen: {listen} is no loopback"));
        assert_eq!(configuration.warnings().iter().any(is_it), is_warned_of, "{listen}");
    }
    let same = with("127.0.0.1:8700").unwrap_err().to_string();
    assert_eq!(same, "operations.listen: is the address that the world asks: choose another port");
    assert!(parse(&demo::world(8700, "sqlite:matricula.db")).unwrap().operations.is_none());
}

#[test]
fn every_problem_is_named_with_its_place() {
    let found = problems(
        r#"
listen = "localhost"
operations = { listen = "9800" }
public_url = "http://id.example.com/path?x=1"
store = "mongodb:x"
key_encryption_key_file = "no-such-file"
limits = { connections = 0, request_seconds = 9223372036854775807 }
audit = { retention_days = 0 }
[profiles.Staff.resource]
identifier = "orders"
scopes = []
access_token_ttl = 0
[profiles.token.resource]
identifier = "https://orders.example"
scopes = ["a b"]
[profiles.one]
issuer = "https://id.example.com/same"
grant_types = ["implicit"]
token_endpoint_auth_methods = ["none"]
[profiles.one.resource]
identifier = "https://orders.example#x"
scopes = ["orders:read"]
[profiles.one.clients.c]
client_secret_file = "key-encryption-key"
client_secret_env = "NO_SUCH_VARIABLE"
metadata = { grant_types = ["client_credentials"], redirect_urls = ["x"], client_name = 7, "scope#fr" = "a" }
[profiles.two]
issuer = "https://ID.example.com/same/"
[profiles.two.resource]
identifier = "https://orders.example"
scopes = ["orders:read"]
[profiles.two.registration.own]
access = { users = ["nobody"] }
[profiles.two.clients.short]
client_secret_sha256 = "abc"
metadata = { grant_types = ["client_credentials"] }
[profiles.two.templates.t]
access = { clients = [] }
client_secret_ttl = 99999999999
metadata = { grant_types = ["client_credentials"], scope = "orders:write" }
[profiles.two.templates.keys]
client_secret_ttl = 60
metadata = { grant_types = ["client_credentials"], token_endpoint_auth_method = "private_key_jwt" }
[profiles.two.templates.u]
metadata = { grant_types = ["client_credentials"] }
[profiles.two.templates.U]
metadata = { grant_types = ["client_credentials"] }
"#,
    );
    for wanted in [
        "listen: 'localhost' is not an address with a port",
        "operations.listen: '9800' is not an address with a port",
        "public_url: is http: use https",
        "store: 'mongodb:x' is not a store that is known",
        "key_encryption_key_file: ",
        "limits.connections: must be 1 to 1000000",
        "limits.request_seconds: must be 1 to 3600",
        "audit.retention_days: must be 1 to 36525",
        "profiles.Staff: a profile's name has 1 to 64 characters",
        "profiles.Staff.resource.identifier: a resource must be an absolute URI",
        "profiles.Staff.resource.scopes: names none",
        "profiles.Staff.resource.access_token_ttl: must be 1 to",
        "profiles.token.resource.scopes: 'a b' is not a scope token",
        "profiles.one.grant_types: 'implicit' is a switch of its own: sign_in.implicit_grant",
        "profiles.one.token_endpoint_auth_methods: 'none' is not served by this version",
        "profiles.one.resource.identifier: a resource must be an absolute URI without a fragment",
        "profiles.one.clients.c.client_secret_env: stands beside client_secret_file",
        "profiles.one.clients.c.metadata: 'redirect_urls' is no client metadata that is known",
        "profiles.one.clients.c.metadata: client_name must be a string",
        "profiles.one.clients.c.metadata: 'scope#fr': 'scope' is the same in all languages",
        "profiles.two.templates.keys.client_secret_ttl: has no effect",
        "profiles.two.templates.u: another template has this name in other letters",
        "profiles.two.issuer: is not in its normal form: write it as https://id.example.com/same",
        "profiles.two.registration.own.access: 'users' need a place to sign in",
        "profiles.two.clients.short.client_secret_sha256: is not the SHA-256 of a secret",
        "profiles.two.templates.t.access: names no client",
        "profiles.two.templates.t.client_secret_ttl: must be 1 to",
        "profiles.two.templates.t.metadata: scope goes beyond",
    ] {
        assert!(found.iter().any(|problem| problem.starts_with(wanted)), "{wanted}\n{found:#?}");
    }
}

#[test]
fn issuers_are_distinct_and_out_of_the_servers_way() {
    let with = |profiles: &str| {
        format!(
            "public_url = \"https://id.example.com\"\nstore = \"sqlite:x\"\nkey_encryption_key_file = \"key-encryption-key\"\n{profiles}"
        )
    };
    let profile = |name: &str, issuer: &str| {
        format!(
            "[profiles.{name}]\n{issuer}\nresource = {{ identifier = \"https://o.example\", scopes = [\"a\"] }}\n"
        )
    };
    let same = "issuer = \"https://id.example.com/x\"";
    let found = problems(&with(&(profile("one", same) + &profile("two", same))));
    assert_eq!(found, ["profiles.two.issuer: is the issuer of another profile too"]);
    for name in ["token", "register", "admin"] {
        assert!(problems(&with(&profile(name, "")))[0].contains("is a path of the server's own"), "{name}");
    }
    for bad in [
        "http://id.example.com/x",
        "https://id.example.com/x?y",
        "https://id.example.com:443/x",
        "x",
        "https://u@h/",
    ] {
        assert_eq!(problems(&with(&profile("one", &format!("issuer = \"{bad}\"")))).len(), 1, "{bad}");
    }
    for good in [
        "https://id.example.com",
        "https://id.example.com/",
        "https://bank.example/a/b",
        "http://[::1]:8080/x",
    ] {
        assert!(parse(&with(&profile("one", &format!("issuer = \"{good}\"")))).is_ok(), "{good}");
    }
    assert!(problems(&with(""))[0].starts_with("profiles: there is none"));
}

#[test]
fn unknown_keys_are_errors_that_name_the_key() {
    for (text, wanted) in [
        ("listn = \"x\"", "listn"),
        ("[profiles.a.resource]\nidentifer = \"x\"", "identifer"),
        ("[profiles.a.registration]\nopen = true", "open"),
        ("[profiles.a.templates.t]\nacces = \"open\"", "acces"),
    ] {
        let text = format!("public_url = \"https://a.example\"\nstore = \"sqlite:x\"\n{text}");
        match parse(&text) {
            Err(ConfigError::Syntax(error)) => assert!(error.contains(wanted), "{error}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn one_mistake_is_told_once() {
    let text = demo::world(8700, "sqlite:x");
    let hash = text.lines().find(|line| line.starts_with("client_secret_sha256 = \"aeb1")).unwrap();
    for (from, to, said) in [
        (hash, "client_secret_file = \"no-such-file\"", "clients.enroller.client_secret_file: the file"),
        (hash, "", "clients.enroller: 'client_secret_basic' needs a secret"),
        (
            "identifier = \"https://orders.example\"\nscopes = [\"orders:read\", \"orders:write\"]\nintrospected_by = [\"orders-api\"]\n\n[profiles.staff.registration",
            "identifier = \" https://orders.example\"\nscopes = [\"orders:read\", \"orders:write\"]\nintrospected_by = [\"orders-api\"]\n\n[profiles.staff.registration",
            "resource.identifier: a resource must be",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let found = problems(&text.replace(from, to));
        assert!(found.len() == 1 && found[0].starts_with(&format!("profiles.staff.{said}")), "{found:#?}");
    }
}

#[test]
fn what_an_operator_wrote_and_nobody_heeds_is_warned_of() {
    let text = demo::world(8700, "sqlite:x").replace(
        "grant_types = [\"client_credentials\"]\ntoken",
        "grant_types = [\"client_credentials\", \"bogus\"]\ndefault_max_age = 5\ntoken",
    );
    let warnings = parse(&text).unwrap().warnings();
    for wanted in [
        "profiles.staff.templates.field-app.metadata.default_max_age: has no effect here",
        "profiles.staff.templates.field-app.metadata.grant_types: \"bogus\" is not served here",
    ] {
        assert!(warnings.iter().any(|warning| warning.starts_with(wanted)), "{wanted}: {warnings:#?}");
    }
}

/// People put secrets where they do not belong, and what is said of it ends up in logs.
#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let text = demo::world(8700, "sqlite:x");
    let hash = text.lines().find(|line| line.starts_with("client_secret_sha256 = \"aeb1")).unwrap();
    for (from, to, says) in [
        (hash, "client_secret = \"SUPER-SECRET\"", "client_secret_sha256, _file or _env"),
        (hash, "client_secret_env = \"SUPER-SECRET\"", "environment variable that it names is not set"),
        (hash, "client_secret_file = \"SUPER-SECRET\"", "the file that it names cannot be read"),
        (
            "key_encryption_key_file = ",
            "key_encryption_key = \"SUPER-SECRET\"\n#",
            "key_encryption_key_file or _env",
        ),
        ("listen = ", "limits = \"SUPER-SECRET\"\nlisten = ", "limits: is a string, and should be"),
        ("access = \"open\"", "access = \"SUPER-SECRET\"", "write access = "),
    ] {
        assert!(text.contains(from), "{from}");
        let error = parse(&text.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert!(!error.contains("SUPER-SECRET"), "{error}");
    }
}

#[test]
fn a_store_is_a_file_in_a_folder_that_is_there() {
    let with = |store: &str| problems(&demo::world(8700, store));
    assert!(with("sqlite:/no/such/folder/x.db")[0].contains("there is no folder /no/such/folder"));
    assert!(with("sqlite:.")[0].contains("is a folder"));
    for other in ["sqlite::memory:", "sqlite:file:x?mode=memory", "sqlite:"] {
        assert_eq!(with(other).len(), 1, "{other}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Configuration::read(Path::new("/no/such/file.toml")).unwrap_err();
    assert!(error.to_string().starts_with("/no/such/file.toml: "), "{error}");
}

#[test]
fn secrets_come_by_file_and_short_ones_are_refused() {
    let folder = TempDir::new().unwrap();
    demo::furnish(folder.path()).unwrap();
    let text = demo::world(8700, "sqlite:x");
    let line = text.lines().find(|line| line.starts_with("client_secret_sha256 = \"aeb1")).unwrap();
    let text = text.replace(line, "client_secret_file = \"secret\"");
    std::fs::write(folder.path().join("secret"), "enroller-secret\n").unwrap();
    let short = Configuration::parse(&text, folder.path()).unwrap_err().to_string();
    assert!(short.contains("shorter than 32 characters"), "{short}");
    assert!(!short.contains("enroller-secret"));
    std::fs::write(folder.path().join("secret"), "ab+/%cdefghijklmnopqrstuvwxyz0123456").unwrap();
    let ambiguous = Configuration::parse(&text, folder.path()).unwrap_err().to_string();
    assert!(ambiguous.contains("clients send in different ways"), "{ambiguous}");
    std::fs::write(folder.path().join("secret"), "x".repeat(32) + "\n").unwrap();
    let profiles = Configuration::parse(&text, folder.path()).unwrap().profiles;
    let staff = profiles.iter().find(|profile| profile.issuer.ends_with("/staff")).unwrap();
    assert!(
        staff
            .definitions
            .clients
            .iter()
            .find(|client| client.id == "enroller")
            .unwrap()
            .secret
            .unwrap()
            .is_of(&"x".repeat(32))
    );
}

#[test]
fn the_schema_describes_every_key() {
    let schema = serde_json::to_value(schemars::schema_for!(ConfigDocument)).unwrap();
    fn undescribed(schema: &serde_json::Value, at: &str, found: &mut Vec<String>) {
        if let Some(properties) = schema["properties"].as_object() {
            for (name, property) in properties {
                if property["description"].as_str().is_none_or(str::is_empty) {
                    found.push(format!("{at}.{name}"));
                }
            }
        }
        if let Some(definitions) = schema["$defs"].as_object() {
            definitions.iter().for_each(|(name, definition)| undescribed(definition, name, found));
        }
    }
    let mut found = Vec::new();
    undescribed(&schema, "", &mut found);
    assert!(found.is_empty(), "{found:?}");
    assert!(schema["properties"].get("profiles").is_some());
    let required = |of: &str| schema["$defs"][of]["required"].clone();
    assert_eq!(required("ProfileDocument"), serde_json::json!(["resource"]), "the rest may be omitted");
    assert_eq!(required("TemplateDocument"), serde_json::json!(["metadata"]));
}
