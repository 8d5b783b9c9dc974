use std::collections::HashSet;

use crate::world::Server;

#[tokio::test]
async fn every_key_is_public_has_a_kid_and_belongs_to_one_profile() {
    let server = Server::demo().await;
    let mut kids = HashSet::new();
    for profile in ["open", "staff", "closed"] {
        let answer = server.get(&format!("/{profile}/jwks")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), "public, max-age=60");
        let jwks = answer.json();
        let keys = jwks["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 1);
        for key in keys {
            assert_eq!((&key["use"], &key["alg"]), (&"sig".into(), &"ES256".into()));
            assert!(key.get("d").is_none());
            assert!(kids.insert(key["kid"].as_str().unwrap().to_owned()), "{profile} shares a key");
        }
    }
}

#[tokio::test]
async fn keys_survive_a_restart_and_stay_published_when_the_algorithm_changes() {
    let mut server = Server::demo().await;
    let before = server.get("/staff/jwks").await.json();
    server = server.restarted().await;
    assert_eq!(server.get("/staff/jwks").await.json(), before);

    server
        .reload(
            "[profiles.staff.resource]",
            "[profiles.staff]\naccess_token_signing_alg = \"EdDSA\"\n[profiles.staff.resource]",
        )
        .await
        .unwrap();
    let after = server.get("/staff/jwks").await.json();
    let keys = after["keys"].as_array().unwrap();
    assert!(keys.len() == 2 && keys.iter().any(|key| key["alg"] == "EdDSA"), "{after}");
    assert!(keys.contains(&before["keys"][0]), "{after}");
}

#[tokio::test]
async fn private_keys_are_nowhere_in_what_is_kept_in_the_clear() {
    let mut server = Server::demo().await;
    server.stop().await;
    let kept = server.kept.everything().await;
    // Every PKCS#8 document of these kinds begins with its algorithm: id-ecPublicKey with prime256v1, Ed25519, RSA.
    for algorithm in [
        &b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"[..],
        &b"\x06\x03\x2b\x65\x70"[..],
        &b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"[..],
    ] {
        assert!(!kept.windows(algorithm.len()).any(|window| window == algorithm));
    }
}
