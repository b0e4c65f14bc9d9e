//! Signing in through an identity provider: authorization code with PKCE (OpenID Connect). The page
//! sends the person there and comes back with a code; the node exchanges it, so that a browser
//! speaks to its own node alone, and no token of the provider is ever in it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use polder_picture::refusal::{Class, Refusal};
use polder_wire::v1::{Act, ActKind};

use super::{
    Caller, People, Provided, SignedIn, Who,
    provider::{About, Identified, Provider, Purpose, body},
    unauthenticated,
    underway::{LASTS_MS, Underway},
};
use crate::{audit::act, wall::system_ms};

/// How long a code waits for others to be exchanged.
const WAIT: Duration = Duration::from_secs(5);
/// Longest `state`, `secret` and `iss` that are looked at.
const PART_BYTES_MAX: usize = 1_000;
/// Longest code.
const CODE_BYTES_MAX: usize = 4_000;

/// Where somebody is sent.
#[derive(Debug)]
pub struct Leaving {
    /// At the provider.
    pub address: String,
    /// For the browser.
    pub secret: String,
    /// Until when they must be back, milliseconds since 1970.
    pub expire_ms: i64,
}

/// How somebody comes back: as the contract has it.
pub type Back = polder_wire::v1::ProviderSignIn;

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn unreachable(provider: &Provider) -> Refusal {
    let sentence = format!(
        "{} cannot be reached, or does not say how to sign in: try again, or sign in with an \
         account of this node",
        provider.config.shown_name()
    );
    Refusal::new(Class::FailedPrecondition, "PROVIDER_UNREACHABLE", sentence)
}

/// The word of a provider for what went wrong, if it is a word and nothing else.
fn word(error: &str) -> &str {
    let sound = !error.is_empty() && error.len() <= 64;
    let plain = |c: char| c.is_ascii_lowercase() || c == '_';
    if sound && error.chars().all(plain) { error } else { "without a reason" }
}

fn refused(provider: &Provider, error: &str) -> Refusal {
    let name = provider.config.shown_name();
    let sentence = format!("{name} does not let you in ({}): sign in again", word(error));
    unauthenticated("PROVIDER_REFUSED", &sentence)
}

impl Provider {
    /// Where a person signs in, with all that must come back from there.
    fn address(
        &self,
        about: &About,
        client: &str,
        ticket: &super::underway::Ticket,
        redirect: &str,
        ask_again: bool,
    ) -> String {
        let endpoint = &about.authorization_endpoint;
        let scope = self.config.scopes.join(" ");
        let mut parts = vec![
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", redirect),
            ("scope", &scope),
            ("state", &ticket.state),
            ("nonce", &ticket.nonce),
            ("code_challenge", &ticket.challenge),
            ("code_challenge_method", "S256"),
        ];
        parts.extend(ask_again.then_some(("prompt", "login")));
        let parts = parts.into_iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        format!("{endpoint}{joint}{}", parts.collect::<Vec<_>>().join("&"))
    }

    /// Makes of a code who it was that signed in.
    async fn exchange(
        self: &Arc<Self>,
        about: About,
        code: String,
        underway: Underway,
    ) -> Result<Identified, Refusal> {
        let turn = tokio::time::timeout(WAIT, self.exchanging.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            let sentence = "too many people sign in at once: try again in a moment";
            return Err(Refusal::new(Class::ResourceExhausted, "SIGN_IN_BUSY", sentence));
        };
        let nonce = underway.nonce.clone();
        let own = Arc::clone(self);
        let asked = tokio::task::spawn_blocking(move || own.exchange_now(&about, &code, &underway));
        let answer = asked.await.context("asking stopped").flatten();
        let answer = answer.map_err(|error| {
            let (issuer, error) = (self.issuer(), format!("{error:#}"));
            tracing::warn!(issuer, error, "the identity provider exchanged no code");
            unreachable(self)
        })?;
        let Some(token) = answer.get("id_token").and_then(serde_json::Value::as_str) else {
            let error = answer.get("error").and_then(serde_json::Value::as_str);
            let error = word(error.unwrap_or_default());
            tracing::warn!(issuer = self.issuer(), error, "the identity provider took no code");
            return Err(refused(self, error));
        };
        let client = self.config.client_id.as_deref().unwrap_or_default();
        self.verify(token, Purpose::SignIn { client, nonce: &nonce }).await
    }

    fn exchange_now(
        &self,
        about: &About,
        code: &str,
        underway: &Underway,
    ) -> anyhow::Result<serde_json::Value> {
        let client = self.config.client_id.as_deref().context("no client_id")?;
        let mut parts = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &underway.redirect),
            ("code_verifier", &underway.verifier),
        ];
        let secret = match &self.config.client_secret_file {
            Some(file) => {
                Some(std::fs::read_to_string(file).with_context(|| file.display().to_string())?)
            }
            None => None,
        };
        let secret = secret.as_deref().map(str::trim);
        let mut request = self.agent()?.post(&about.token_endpoint);
        match secret {
            Some(secret) if about.takes_basic() => {
                let both = format!("{}:{}", encoded(client), encoded(secret));
                request =
                    request.header("authorization", format!("Basic {}", STANDARD.encode(both)));
            }
            secret => {
                parts.push(("client_id", client));
                parts.extend(secret.map(|secret| ("client_secret", secret)));
            }
        }
        let answer = request
            .header("accept", "application/json")
            .config()
            .http_status_as_error(false)
            .build()
            .send_form(parts)?;
        let status = answer.status();
        // A refusal says why as JSON as well; what is no JSON is no answer of a provider.
        let said = serde_json::from_slice(&body(answer)?).with_context(|| status.to_string())?;
        anyhow::ensure!(!status.is_server_error() && !status.is_redirection(), "{status}");
        Ok(said)
    }
}

impl About {
    fn takes_basic(&self) -> bool {
        let stated = self.token_endpoint_auth_methods_supported.as_ref();
        stated.is_none_or(|stated| stated.iter().any(|method| method == "client_secret_basic"))
    }
}

impl People {
    /// Providers through which the page signs in: ids, and names for people.
    pub fn offered(&self) -> impl Iterator<Item = (&str, &str)> {
        let offered = self.providers.iter().filter(|one| one.config.client_id.is_some());
        offered.map(|provider| (provider.id(), provider.config.shown_name()))
    }

    /// Sends somebody to a provider. `origin`: of the page, which the door has looked at.
    pub async fn leave(
        &self,
        provider: &str,
        origin: Option<&str>,
        ask_again: bool,
        from: Option<IpAddr>,
    ) -> Result<Leaving, Refusal> {
        let known = self.providers.iter().find(|one| one.id() == provider);
        let client = known.and_then(|one| Some((one, one.config.client_id.as_deref()?)));
        let Some((provider, client)) = client else {
            let sentence = "is no identity provider through which this node signs people in";
            return Err(Refusal::field("provider", "PROVIDER_NOT_FOUND", sentence));
        };
        let Some(origin) = origin else {
            let sentence = "is for pages of this node: a program brings a token of the provider";
            return Err(Refusal::field("origin", "REQUIRED", sentence));
        };
        let about = provider.about().await.ok_or_else(|| {
            let refusal = unreachable(provider);
            self.node.acts.kept_out("", refusal.reason);
            refusal
        })?;
        let redirect = format!("{origin}/");
        let now_ms = system_ms();
        let ticket = self.travellers.leave(Arc::clone(provider), redirect.clone(), from, now_ms)?;
        let address = provider.address(&about, client, &ticket, &redirect, ask_again);
        Ok(Leaving { address, secret: ticket.secret, expire_ms: now_ms + LASTS_MS })
    }

    /// Signs in who comes back from a provider.
    pub async fn come_back(
        self: &Arc<Self>,
        back: Back,
        from: Option<IpAddr>,
    ) -> Result<SignedIn, Refusal> {
        let mut named = String::new();
        let signed_in = self.identify_back(back, from, &mut named).await;
        match signed_in {
            Ok((identified, issuer)) => self.begin_provided(identified, issuer, from).await,
            Err(refusal) => {
                tracing::warn!(reason = refusal.reason, ?from, "a sign-in failed");
                self.node.acts.kept_out(&named, refusal.reason);
                Err(refusal)
            }
        }
    }

    /// Who it is that comes back, if they may come in; `named` once that is known of an account.
    async fn identify_back(
        self: &Arc<Self>,
        back: Back,
        from: Option<IpAddr>,
        named: &mut String,
    ) -> Result<(Identified, String), Refusal> {
        // Nobody guesses a state; but each code that is wrong is a question to the provider. The
        // address is in the name, so that nobody keeps out others from elsewhere.
        let counted = format!(" {}", from.map(|from| from.to_string()).unwrap_or_default());
        self.patience.check(&counted, from, system_ms())?;
        let Back { state, secret, code, error, issuer } = back;
        if [&state, &secret, &issuer].iter().any(|part| part.len() > PART_BYTES_MAX) {
            let sentence = "this was not begun in this browser: sign in again";
            return Err(unauthenticated("SIGN_IN_STATE", sentence));
        }
        let underway = self.travellers.back(&state, &secret, system_ms())?;
        let provider = Arc::clone(&underway.provider);
        let about = provider.about().await.ok_or_else(|| unreachable(&provider))?;
        // Of two providers one may pass off what the other gave as its own.
        let told = about.authorization_response_iss_parameter_supported || !issuer.is_empty();
        if told && issuer != provider.issuer() {
            let sentence = "another provider answers than the one that was asked: sign in again";
            return Err(unauthenticated("TOKEN_ISSUER", sentence));
        }
        if code.is_empty() || code.len() > CODE_BYTES_MAX || !error.is_empty() {
            return Err(refused(&provider, &error));
        }
        let identified = provider.exchange(about, code, underway).await.inspect_err(|refusal| {
            if refusal.class == Class::Unauthenticated {
                self.patience.failed(&counted, from, system_ms());
            }
        })?;
        self.patience.succeeded(&counted, from);
        *named = self.known(&identified.name);
        let issuer = provider.issuer().to_owned();
        let Identified { name, display_name, .. } = &identified;
        let who = Who::Provider {
            name: name.clone(),
            display_name: display_name.clone(),
            begin_ms: None,
            expire_ms: i64::MAX,
        };
        if Caller::new(Arc::clone(self), who).grants().is_empty() {
            let sentence = format!(
                "{} knows you as {name}, and nobody gave you a role here: ask who looks after \
                 this node",
                provider.config.shown_name()
            );
            return Err(Refusal::new(Class::PermissionDenied, "PERSON_UNKNOWN", sentence));
        }
        Ok((identified, issuer))
    }

    /// The name if an account has it; what was typed elsewhere is kept nowhere.
    fn known(&self, name: &str) -> String {
        let known = self.accounts.read().get(name).is_some();
        if known { name.to_owned() } else { String::new() }
    }

    async fn begin_provided(
        self: &Arc<Self>,
        identified: Identified,
        issuer: String,
        from: Option<IpAddr>,
    ) -> Result<SignedIn, Refusal> {
        let Identified { name, display_name, .. } = identified;
        // Also where the clock went back, a session is newer than the last sign-out.
        let begin_ms = system_ms().max(self.accounts.read().signed_out_ms(&name) + 1);
        let expire_ms = begin_ms + self.config.session.as_millis() as i64;
        if let Err(error) = self.accounts.write().note_sign_in(&name, begin_ms) {
            tracing::warn!(%error, "a sign-in could not be noted");
        }
        tracing::info!(name, issuer, "signed in through an identity provider");
        let session = Provided {
            name: name.clone(),
            display_name: display_name.clone(),
            issuer,
            begin_ms,
            expire_ms,
        };
        let token = self.node.sessions.write_provided(&session);
        let who = Who::Provider { name, display_name, begin_ms: Some(begin_ms), expire_ms };
        let caller = Caller::new(Arc::clone(self), who);
        let detail = from.map(|from| from.to_string()).unwrap_or_default();
        self.node.note_first(Act { detail, ..act(&caller, ActKind::LetIn) }).await;
        Ok(SignedIn { token, expire_ms, caller })
    }
}
