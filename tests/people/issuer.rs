//! An identity provider: keys, and what signing in through it needs. It holds to the letter of the
//! protocol, so that what a node leaves out shows.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

pub const CLIENT: &str = "polder-of-the-region";
pub const SECRET: &str = "a secret: with/odd+signs&";

/// How it knows its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// By nothing but its name.
    Nothing,
    /// By a secret in the header.
    Basic,
    /// By a secret in the body, and by nothing else.
    Post,
}

/// A code that was given, and what was told with it.
struct Given {
    challenge: String,
    redirect: String,
    token: String,
}

struct Desk {
    issuer: String,
    point: EcdsaKeyPair,
    edwards: Ed25519KeyPair,
    shows: Shows,
    asked: AtomicUsize,
    codes: Mutex<HashMap<String, Given>>,
}

/// An identity provider with two keys.
pub struct Provider {
    desk: Arc<Desk>,
    serving: JoinHandle<()>,
    ca: Option<PathBuf>,
}

/// The parts of a query or form, as they were meant.
pub fn parts(text: &str) -> HashMap<String, String> {
    let plain = |part: &str| {
        let part = part.replace('+', " ");
        percent_encoding::percent_decode_str(&part).decode_utf8().unwrap().into_owned()
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (plain(name), plain(value))).collect()
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

pub fn now_s() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

impl Desk {
    fn keys(&self) -> Value {
        let public = self.point.public_key().as_ref();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "kid": "point", "use": "sig", "alg": "ES256",
              "x": text(&public[1..33]), "y": text(&public[33..]) },
            { "kty": "OKP", "crv": "Ed25519", "kid": "edwards", "use": "sig",
              "x": text(self.edwards.public_key().as_ref()) },
            { "kty": "of the future", "kid": "odd" },
        ]})
    }

    fn about(&self) -> Value {
        let issuer = &self.issuer;
        let mut about = json!({
            "issuer": issuer, "jwks_uri": format!("{issuer}/keys"),
            "authorization_endpoint": format!("{issuer}/authorize?theme=region"),
            "token_endpoint": format!("{issuer}/token"),
            "authorization_response_iss_parameter_supported": true,
        });
        if self.shows == Shows::Post {
            about["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
        }
        about
    }

    /// Exchanges a code once, for whoever shows all that belongs to it.
    fn exchange(&self, head: &str, form: &str) -> Result<Value, &'static str> {
        let form = parts(form);
        let part = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let line = head.lines().find_map(|line| line.strip_prefix("authorization: Basic "));
        let client = match self.shows {
            Shows::Nothing => (part("client_id") == CLIENT).then_some(()),
            Shows::Basic => line.and_then(|line| {
                let both = String::from_utf8(STANDARD.decode(line.trim()).unwrap()).unwrap();
                let (id, secret) = both.split_once(':').unwrap();
                let both = parts(&format!("id={id}&secret={secret}"));
                (both["id"] == CLIENT && both["secret"] == SECRET).then_some(())
            }),
            Shows::Post => {
                (part("client_id") == CLIENT && part("client_secret") == SECRET).then_some(())
            }
        };
        client.ok_or("invalid_client")?;
        let given = self.codes.lock().unwrap().remove(part("code")).ok_or("invalid_grant")?;
        let proven = URL_SAFE_NO_PAD.encode(Sha256::digest(part("code_verifier")));
        let sound = part("grant_type") == "authorization_code"
            && part("redirect_uri") == given.redirect
            && proven == given.challenge;
        if !sound {
            return Err("invalid_grant");
        }
        Ok(
            json!({ "access_token": "of no use here", "token_type": "Bearer", "id_token": given.token }),
        )
    }

    fn answer(&self, head: &str, form: &str) -> (u16, String) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let path = head.split(' ').nth(1).unwrap_or_default();
        match (head.split(' ').next(), path) {
            (_, "/realms/vr/.well-known/openid-configuration") => (200, self.about().to_string()),
            (Some("POST"), "/realms/vr/token") => match self.exchange(head, form) {
                Ok(tokens) => (200, tokens.to_string()),
                Err(error) => (400, json!({ "error": error }).to_string()),
            },
            _ => (200, self.keys().to_string()),
        }
    }
}

impl Provider {
    pub async fn start() -> Self {
        Self::start_with(Shows::Nothing, None).await
    }

    /// Over TLS, with an authority of its own in a file beside `home`.
    pub async fn start_encrypted(shows: Shows, folder: PathBuf) -> Self {
        Self::start_with(shows, Some(folder)).await
    }

    pub async fn start_with(shows: Shows, folder: Option<PathBuf>) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let point = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let edwards = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (ca, acceptor) = folder.map(encryption).unzip();
        let port = listener.local_addr().unwrap().port();
        let scheme = if ca.is_some() { "https" } else { "http" };
        let issuer = format!("{scheme}://localhost:{port}/realms/vr");
        let desk = Desk {
            issuer,
            point,
            edwards,
            shows,
            asked: Default::default(),
            codes: Default::default(),
        };
        let desk = Arc::new(desk);
        let serving = tokio::spawn(serve(listener, Arc::clone(&desk), acceptor));
        Self { desk, serving, ca }
    }

    pub fn issuer(&self) -> &str {
        &self.desk.issuer
    }

    /// How often it was asked anything.
    pub fn asked(&self) -> usize {
        self.desk.asked.load(Ordering::SeqCst)
    }

    /// Answers nobody any more, from when this returns.
    pub async fn end(&self) {
        self.serving.abort();
        let address = self.issuer().split('/').nth(2).unwrap().to_owned();
        while tokio::net::TcpStream::connect(&address).await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    pub fn claims(&self) -> Value {
        json!({
            "iss": self.issuer(), "aud": ["other", "polder"], "exp": now_s() + 600,
            "email": "J.Jansen@example.nl", "name": "Jan Jansen",
        })
    }

    /// A token with a header and claims as they are, signed by the key that it names.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let signature = match header["kid"].as_str() {
            Some("edwards") => self.desk.edwards.sign(signed.as_bytes()).as_ref().to_vec(),
            _ => {
                let random = SystemRandom::new();
                self.desk.point.sign(&random, signed.as_bytes()).unwrap().as_ref().to_vec()
            }
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub fn sound(&self) -> String {
        self.token(&json!({ "alg": "ES256", "kid": "point" }), &self.claims())
    }

    pub fn config(&self) -> String {
        let issuer = self.issuer();
        let mut config =
            format!("[[people.provider]]\nissuer = {issuer:?}\naudience = \"polder\"\n");
        if let Some(ca) = &self.ca {
            config += &format!("ca = {ca:?}\n");
        }
        config
    }

    /// The same, with the page signing in through it.
    pub fn config_of_page(&self) -> String {
        let mut config = format!("{}client_id = {CLIENT:?}\nname = \"Region\"\n", self.config());
        if self.desk.shows != Shows::Nothing {
            let file = std::env::temp_dir().join(format!("polder-{}", uuid::Uuid::new_v4()));
            std::fs::write(&file, format!("{SECRET}\n")).unwrap();
            config += &format!("client_secret_file = {file:?}\n");
        }
        config
    }

    /// What it puts into a token for whoever was sent to `address`.
    pub fn claims_for(&self, address: &str) -> Value {
        let asked = parts(address.split_once('?').unwrap().1);
        json!({
            "iss": self.issuer(), "aud": CLIENT, "exp": now_s() + 60, "iat": now_s(),
            "sub": "12", "nonce": asked["nonce"],
            "email": "J.Jansen@example.nl", "name": "Jan Jansen",
        })
    }

    /// Somebody signs in who was sent to `address`: answers the code, for a token with these claims.
    pub fn lets_in(&self, address: &str, claims: &Value) -> String {
        self.gives(address, self.token(&json!({ "alg": "ES256", "kid": "point" }), claims))
    }

    /// The same with a token as it is.
    pub fn gives(&self, address: &str, token: String) -> String {
        let asked = parts(address.split_once('?').unwrap().1);
        assert_eq!(asked["code_challenge_method"], "S256");
        let (challenge, redirect) =
            (asked["code_challenge"].clone(), asked["redirect_uri"].clone());
        let code = uuid::Uuid::new_v4().to_string();
        self.desk.codes.lock().unwrap().insert(code.clone(), Given { challenge, redirect, token });
        code
    }
}

/// An authority in a file, and what is encrypted by it.
fn encryption(folder: PathBuf) -> (PathBuf, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let file = folder.join(format!("ca-{}.pem", uuid::Uuid::new_v4()));
    std::fs::write(&file, made.cert.pem()).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (file, TlsAcceptor::from(Arc::new(config)))
}

async fn serve(listener: TcpListener, desk: Arc<Desk>, acceptor: Option<TlsAcceptor>) {
    while let Ok((socket, _)) = listener.accept().await {
        let (desk, acceptor) = (Arc::clone(&desk), acceptor.clone());
        tokio::spawn(async move {
            match acceptor {
                Some(acceptor) => {
                    // Who does not believe the certificate hangs up.
                    let Ok(socket) = acceptor.accept(socket).await else { return };
                    one(socket, &desk).await;
                }
                None => one(socket, &desk).await,
            }
        });
    }
}

async fn one(mut socket: impl AsyncRead + AsyncWrite + Unpin, desk: &Desk) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match socket.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut form = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    socket.read_exact(&mut form).await.unwrap();
    let (status, body) = desk.answer(&head, &String::from_utf8(form).unwrap());
    let answer = format!(
        "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = socket.write_all(answer.as_bytes()).await;
    let _ = socket.shutdown().await;
}
