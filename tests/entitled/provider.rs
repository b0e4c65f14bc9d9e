//! An identity provider of one key, so that readers need no passphrases.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use polder::people::{PeopleConfig, ProviderConfig};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// See above.
pub struct Provider {
    issuer: String,
    key: Ed25519KeyPair,
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

impl Provider {
    /// Serves its keys until the program ends.
    pub async fn start() -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let x = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
        let keys =
            json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "use": "sig", "x": x}]});
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(serve(listener, keys.to_string()));
        Self { issuer, key }
    }

    /// People of a node that knows it.
    pub fn people(&self) -> PeopleConfig {
        let provider = ProviderConfig {
            issuer: self.issuer.clone(),
            audience: "polder".into(),
            keys: Some(format!("{}/keys", self.issuer)),
            name_claim: "email".into(),
            keys_age_max: std::time::Duration::from_secs(3_600),
            ca: None,
            name: String::new(),
            client_id: None,
            client_secret_file: None,
            scopes: vec!["openid".into()],
        };
        PeopleConfig { provider: vec![provider], ..Default::default() }
    }

    /// A token of somebody.
    pub fn token(&self, name: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let claims =
            json!({"iss": self.issuer, "aud": "polder", "exp": now + 3_600, "email": name});
        let signed =
            format!("{}.{}", encoded(&json!({"alg": "EdDSA", "kid": "k"})), encoded(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()).as_ref());
        format!("{signed}.{signature}")
    }
}

async fn serve(listener: TcpListener, keys: String) {
    while let Ok((mut socket, _)) = listener.accept().await {
        let keys = keys.clone();
        tokio::spawn(async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match socket.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => return,
                }
            }
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n{keys}",
                keys.len()
            );
            let _ = socket.write_all(answer.as_bytes()).await;
            let _ = socket.shutdown().await;
        });
    }
}
