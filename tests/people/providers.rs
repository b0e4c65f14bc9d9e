//! Tokens of an identity provider: taken when they are sound, also while it cannot be reached, and
//! refused with the reason when they are not.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use polder_wire::v1::{CallerKind, ListEntriesRequest, Role};
use serde_json::{Value, json};
use tonic::Code;

use crate::{
    harness::*,
    issuer::{Provider, now_s},
    who::*,
};

async fn refused(node: &Running, token: &str, why: &str) {
    let refused = Person::with(node, token).await.caller().await.unwrap_err();
    assert_eq!(
        (refused.code(), &reason(&refused)[..]),
        (Code::Unauthenticated, why),
        "{refused:?}"
    );
}

/// Grants a person whom the provider knows a role, by an account without a passphrase. From then
/// on nobody is let in by being on this machine.
pub async fn granted(home: &Home, provider: &Provider) {
    let node = home.start().await;
    let admin = administrator(&node).await;
    let mut known = account("j.jansen@example.nl", vec![grant(Role::Reader, "tester", "")]);
    known.passphrase.clear();
    admin.people().set_account(known).await.unwrap();
    drop(node);
    assert_eq!(provider.asked(), 0);
}

#[tokio::test]
async fn a_sound_token_is_taken_also_while_the_provider_is_out_of_reach() {
    let provider = Provider::start().await;
    let home = Home::new();
    granted(&home, &provider).await;
    let node = home.start_with(&provider.config()).await;
    let person = Person::with(&node, &provider.sound()).await;
    let caller = person.caller().await.unwrap();
    assert_eq!(caller.kind(), CallerKind::Provider);
    assert_eq!((&caller.person[..], &caller.display_name[..]), {
        ("j.jansen@example.nl", "Jan Jansen")
    });
    assert_eq!(caller.rights, ["look", "read"]);
    let other = provider.token(&json!({ "alg": "EdDSA", "kid": "edwards" }), &provider.claims());
    assert!(Person::with(&node, &other).await.caller().await.is_ok());
    let asked = provider.asked();
    assert_eq!(asked, 2, "what was said of it, and its keys; once");

    // The provider goes away, and the node starts anew: its keys are on disk.
    provider.end().await;
    drop(node);
    let node = home.start_with(&provider.config()).await;
    assert!(Person::with(&node, &provider.sound()).await.caller().await.is_ok());
    // A key that nobody ever fetched stays unknown.
    let unknown = provider.token(&json!({ "alg": "ES256", "kid": "new" }), &provider.claims());
    refused(&node, &unknown, "TOKEN_KEY_UNKNOWN").await;
}

#[tokio::test]
async fn a_token_that_is_not_sound_is_refused_with_the_reason() {
    let provider = Provider::start().await;
    let home = Home::new();
    granted(&home, &provider).await;
    let node = home.start_with(&provider.config()).await;
    let header = json!({ "alg": "ES256", "kid": "point" });
    let with = |claim: &str, value: Value| {
        let mut claims = provider.claims();
        claims[claim] = value;
        provider.token(&header, &claims)
    };
    refused(&node, &with("exp", json!(now_s() - 120)), "TOKEN_EXPIRED").await;
    refused(&node, &with("exp", json!("never")), "TOKEN_INVALID").await;
    refused(&node, &with("nbf", json!(now_s() + 600)), "TOKEN_NOT_YET_VALID").await;
    refused(&node, &with("aud", json!("other")), "TOKEN_AUDIENCE").await;
    refused(&node, &with("iss", json!("https://elsewhere.example")), "TOKEN_ISSUER").await;
    refused(&node, &with("email", json!("")), "TOKEN_INVALID").await;
    refused(&node, &with("email_verified", json!(false)), "TOKEN_INVALID").await;
    for algorithm in ["none", "HS256", "RS256", "EdDSA"] {
        let token =
            provider.token(&json!({ "alg": algorithm, "kid": "point" }), &provider.claims());
        let refused = Person::with(&node, &token).await.caller().await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{algorithm}");
        let reason = reason(&refused);
        assert!(matches!(&reason[..], "TOKEN_ALGORITHM" | "TOKEN_INVALID"), "{algorithm} {reason}");
    }
    // The key of the provider taken for a shared secret, which is public.
    let sound = provider.sound();
    let (signed, _) = sound.rsplit_once('.').unwrap();
    refused(&node, &format!("{signed}."), "TOKEN_INVALID").await;
    refused(&node, &format!("{signed}.AAAA"), "TOKEN_INVALID").await;
    let (head, rest) = signed.split_once('.').unwrap();
    let claims = URL_SAFE_NO_PAD.decode(rest).unwrap();
    let claims = String::from_utf8(claims).unwrap().replace("Jan", "Jun");
    let (_, signature) = sound.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims));
    refused(&node, &forged, "TOKEN_INVALID").await;
    refused(&node, &"x".repeat(7_000), "TOKEN_INVALID").await;
    // Somebody whom the provider knows and nobody granted anything.
    let stranger = Person::with(&node, &with("email", json!("eve@example.nl"))).await;
    assert!(stranger.caller().await.unwrap().rights.is_empty());
    let request = ListEntriesRequest::default();
    let refused = stranger.picture().list_entries(request).await.unwrap_err();
    assert_eq!(reason(&refused), "RIGHT_MISSING");
}

#[tokio::test]
async fn keys_that_are_too_old_are_not_used_and_new_ones_are_fetched_when_a_token_names_them() {
    let provider = Provider::start().await;
    let home = Home::new();
    granted(&home, &provider).await;
    let node = home.start_with(&provider.config()).await;
    assert!(Person::with(&node, &provider.sound()).await.caller().await.is_ok());
    drop(node);

    // As if they had been fetched ten days ago.
    let folder = home.data().join("people");
    let file = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let file = file.into_iter().find(|path| path.to_string_lossy().contains("keys-")).unwrap();
    let mut kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    kept["fetched_ms"] = json!((now_s() - 10 * 24 * 3_600) * 1_000);
    std::fs::write(&file, kept.to_string()).unwrap();
    let node = home.start_with(&provider.config()).await;
    assert!(Person::with(&node, &provider.sound()).await.caller().await.is_ok(), "fetched anew");
    drop(node);
    std::fs::write(&file, kept.to_string()).unwrap();
    provider.end().await;
    let node = home.start_with(&provider.config()).await;
    refused(&node, &provider.sound(), "TOKEN_KEYS_OLD").await;
    assert!(
        sign_in(&node, "admin", PASSPHRASE).await.is_ok(),
        "an account of the node still works"
    );
}
