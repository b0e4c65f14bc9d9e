//! Tokens of an identity provider: taken when they are sound, also while it cannot be reached, and
//! refused with the reason when they are not.

use std::{
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use polder_wire::v1::{CallerKind, ListEntriesRequest, Role};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};
use tonic::Code;

use crate::{harness::*, who::*};

/// An identity provider with two keys.
struct Provider {
    issuer: String,
    point: EcdsaKeyPair,
    edwards: Ed25519KeyPair,
    asked: Arc<Mutex<usize>>,
    serving: JoinHandle<()>,
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn now_s() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

impl Provider {
    async fn start() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let point = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let edwards = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let public = point.public_key().as_ref();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let keys = json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "kid": "point", "use": "sig", "alg": "ES256",
              "x": text(&public[1..33]), "y": text(&public[33..]) },
            { "kty": "OKP", "crv": "Ed25519", "kid": "edwards", "use": "sig",
              "x": text(edwards.public_key().as_ref()) },
            { "kty": "of the future", "kid": "odd" },
        ]});
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}/realms/vr", listener.local_addr().unwrap());
        let asked = Arc::default();
        let serving = tokio::spawn(serve(listener, issuer.clone(), keys, Arc::clone(&asked)));
        Self { issuer, point, edwards, asked, serving }
    }

    fn claims(&self) -> Value {
        json!({
            "iss": self.issuer, "aud": ["other", "polder"], "exp": now_s() + 600,
            "email": "J.Jansen@example.nl", "name": "Jan Jansen",
        })
    }

    /// A token with a header and claims as they are, signed by the key that it names.
    fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let signature = match header["kid"].as_str() {
            Some("edwards") => self.edwards.sign(signed.as_bytes()).as_ref().to_vec(),
            _ => {
                let random = SystemRandom::new();
                self.point.sign(&random, signed.as_bytes()).unwrap().as_ref().to_vec()
            }
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn sound(&self) -> String {
        self.token(&json!({ "alg": "ES256", "kid": "point" }), &self.claims())
    }

    fn config(&self) -> String {
        let issuer = &self.issuer;
        format!("[[people.provider]]\nissuer = {issuer:?}\naudience = \"polder\"\n")
    }
}

async fn serve(listener: TcpListener, issuer: String, keys: Value, asked: Arc<Mutex<usize>>) {
    while let Ok((mut socket, _)) = listener.accept().await {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match socket.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => break,
            }
        }
        *asked.lock().unwrap() += 1;
        let head = String::from_utf8_lossy(&head);
        let body = if head.starts_with("GET /realms/vr/.well-known/openid-configuration ") {
            json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") }).to_string()
        } else {
            keys.to_string()
        };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = socket.write_all(answer.as_bytes()).await;
        let _ = socket.shutdown().await;
    }
}

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
async fn granted(home: &Home, provider: &Provider) {
    let node = home.start().await;
    let admin = administrator(&node).await;
    let mut known = account("j.jansen@example.nl", vec![grant(Role::Reader, "tester", "")]);
    known.passphrase.clear();
    admin.people().set_account(known).await.unwrap();
    drop(node);
    assert_eq!(*provider.asked.lock().unwrap(), 0);
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
    let asked = *provider.asked.lock().unwrap();
    assert_eq!(asked, 2, "what was said of it, and its keys; once");

    // The provider goes away, and the node starts anew: its keys are on disk.
    provider.serving.abort();
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
    provider.serving.abort();
    // Until nothing answers any more.
    while tokio::net::TcpStream::connect(&provider.issuer[7..].split('/').next().unwrap())
        .await
        .is_ok()
    {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let node = home.start_with(&provider.config()).await;
    refused(&node, &provider.sound(), "TOKEN_KEYS_OLD").await;
    assert!(
        sign_in(&node, "admin", PASSPHRASE).await.is_ok(),
        "an account of the node still works"
    );
}
