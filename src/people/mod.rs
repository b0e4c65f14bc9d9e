//! People: who calls, and what they may do and see. Everything that reaches a node from outside is
//! asked here first; what is not granted is closed.
//!
//! ```text
//! credential  ->  Who (account, provider, guest, system, operator)     here
//!             ->  grants: role, party, incident, audiences             caller.rs
//!             ->  rights: what a role allows, what a call needs        rights.rs
//!             ->  sight: which scopes                                  caller.rs
//! ```
//!
//! Where the node has a charter, that says who has which role, and which party may see what; an
//! account then only says that somebody is who they say they are.

pub mod accounts;
mod caller;
mod config;
mod jwt;
mod manage;
mod pace;
mod passphrase;
mod patience;
pub mod provider;
pub mod rights;
mod session;
mod through;
mod underway;

use std::sync::Arc;

use parking_lot::RwLock;
use polder_picture::refusal::{Class, Refusal};
use polder_wire::v1::ActKind;
use tokio::sync::watch;

pub(crate) use self::caller::unknown_incident;
use self::{
    accounts::{Accounts, AccountsError},
    pace::Pace,
    passphrase::Passphrases,
    patience::Patience,
    provider::{Provider, Purpose},
    session::{Provided, Session},
    underway::Travellers,
};
pub use self::{
    caller::{Caller, Who},
    config::{PeopleConfig, ProviderConfig},
    manage::{GUEST_DAYS_MAX, NewGuest, SignedIn},
    session::Sessions,
    through::Leaving,
};
use crate::{audit::act, node::Node};

/// Who can call this node, and how they become known.
pub struct People {
    node: Arc<Node>,
    config: PeopleConfig,
    accounts: RwLock<Accounts>,
    accounts_changed: watch::Sender<u64>,
    passphrases: Passphrases,
    patience: Patience,
    providers: Vec<Arc<Provider>>,
    travellers: Travellers,
    /// How much each caller asks.
    pub(crate) pace: Arc<Pace>,
}

/// What somebody brings with a call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Credential<'c> {
    /// Value of the `authorization` header.
    pub authorization: Option<&'c str>,
    /// The call comes from the machine of the node.
    pub loopback: bool,
    /// The party of which the caller is, as its certificate proves.
    pub system: Option<&'c str>,
}

fn unauthenticated(reason: &'static str, sentence: &str) -> Refusal {
    Refusal::new(Class::Unauthenticated, reason, sentence)
}

impl People {
    /// Opens what the node knows of people.
    pub fn open(node: Arc<Node>, config: PeopleConfig) -> Result<Arc<Self>, AccountsError> {
        let data = node.directory.path().to_owned();
        let providers = config.provider.iter().cloned();
        let providers = providers.map(|provider| Arc::new(Provider::open(provider, &data)));
        Ok(Arc::new(Self {
            providers: providers.collect(),
            accounts: RwLock::new(Accounts::open(&data)?),
            accounts_changed: watch::Sender::new(0),
            passphrases: Passphrases::default(),
            patience: Patience::default(),
            travellers: Travellers::default(),
            pace: Arc::new(Pace::new(config.limits())),
            node,
            config,
        }))
    }

    /// Whether somebody without credentials, on the machine of the node, is let in.
    fn is_open(&self) -> bool {
        match self.config.sign_in {
            Some(sign_in) => !sign_in,
            None => self.providers.is_empty() && self.accounts.read().is_for_guests_only(),
        }
    }

    /// Who brings this credential.
    pub async fn identify(self: &Arc<Self>, credential: Credential<'_>) -> Result<Caller, Refusal> {
        let who = match credential.authorization {
            Some(header) => self.bearer(header).await.inspect_err(|refusal| {
                self.node.acts.kept_out("", refusal.reason);
            })?,
            None => match credential.system {
                Some(party) => Who::System { party: party.to_owned() },
                None if credential.loopback && self.is_open() => Who::Operator,
                None => Who::Nobody,
            },
        };
        let caller = Caller::new(Arc::clone(self), who);
        if let Who::Provider { name, expire_ms, begin_ms: None, .. } = caller.who()
            && self.node.acts.is_new_token(name, *expire_ms)
        {
            self.node.note_first(act(&caller, ActKind::LetIn)).await;
        }
        Ok(caller)
    }

    async fn bearer(self: &Arc<Self>, header: &str) -> Result<Who, Refusal> {
        let token = header.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("bearer "));
        let token = token.map(|_| header[7..].trim()).ok_or_else(|| {
            unauthenticated("TOKEN_INVALID", "the authorization must be `Bearer {token}`")
        })?;
        if Sessions::is_session(token) {
            return self.session(token);
        }
        let claims: serde_json::Value = jsonwebtoken::dangerous::insecure_decode_claims(token)
            .map_err(|_| unauthenticated("TOKEN_INVALID", "the token is not one of this node"))?;
        // Which provider is asked; that the token is its own, it has to show.
        let issuer = claims.get("iss").and_then(serde_json::Value::as_str).unwrap_or_default();
        let provider = self.providers.iter().find(|provider| provider.issuer() == issuer);
        let provider = provider.ok_or_else(|| {
            unauthenticated("TOKEN_ISSUER", "the token is of no identity provider of this node")
        })?;
        let identified = provider.verify(token, Purpose::Call).await?;
        let (name, display_name, expire_ms) =
            (identified.name, identified.display_name, identified.expire_ms);
        Ok(Who::Provider { name, display_name, begin_ms: None, expire_ms })
    }

    fn session(&self, token: &str) -> Result<Who, Refusal> {
        let ended = || unauthenticated("SESSION_ENDED", "the session has ended: sign in again");
        let sessions = &self.node.sessions;
        let who = if let Some(Session { account, generation, expire_ms, .. }) = sessions.read(token)
        {
            Who::Account { name: account, generation, expire_ms }
        } else if let Some(provided) = sessions.read_provided(token) {
            let Provided { name, display_name, issuer, begin_ms, expire_ms } = provided;
            // Whom the operator no longer believes stands for nobody.
            if !self.providers.iter().any(|provider| provider.issuer() == issuer) {
                return Err(ended());
            }
            Who::Provider { name, display_name, begin_ms: Some(begin_ms), expire_ms }
        } else {
            let sentence = "the session is not one of this node: sign in again";
            return Err(unauthenticated("TOKEN_INVALID", sentence));
        };
        if self.still_counts(&who) { Ok(who) } else { Err(ended()) }
    }

    /// Who works in the node's own process: tests, and the demo.
    pub fn operator(self: &Arc<Self>) -> Caller {
        Caller::new(Arc::clone(self), Who::Operator)
    }

    /// Whether what somebody signed in with counts still.
    fn still_counts(&self, who: &Who) -> bool {
        let now_ms = crate::wall::system_ms();
        match who {
            Who::Account { name, generation, expire_ms } => {
                let accounts = self.accounts.read();
                let account = accounts.get(name);
                now_ms < *expire_ms
                    && account.is_some_and(|account| {
                        account.generation == *generation && account.is_usable(now_ms)
                    })
            }
            Who::Provider { name, begin_ms, expire_ms, .. } => {
                let accounts = self.accounts.read();
                let blocked = accounts.get(name).is_some_and(|a| a.disabled);
                let over = begin_ms.is_some_and(|at| at <= accounts.signed_out_ms(name));
                now_ms < *expire_ms && !blocked && !over
            }
            Who::Operator => self.is_open(),
            Who::System { .. } => true,
            Who::Nobody => false,
        }
    }

    /// A number that is another one when anything changed that decides who may see what. What ends
    /// by itself at a time is not in it.
    pub(crate) fn version(&self) -> (u64, u64) {
        (*self.node.charter_changed.borrow(), *self.accounts_changed.borrow())
    }

    /// Announces changes of accounts.
    pub(crate) fn changes(&self) -> (watch::Receiver<u64>, watch::Receiver<u64>) {
        (self.node.charter_changed.subscribe(), self.accounts_changed.subscribe())
    }
}
