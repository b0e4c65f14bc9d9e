//! Signing in, and looking after accounts and guests.

use std::{net::IpAddr, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use polder_picture::{
    names::PartyName,
    refusal::{Class, Refusal},
};
use polder_wire::v1::{Act, ActKind, Role};

use super::{
    Caller, People, Session, Who,
    accounts::{ACCOUNTS_MAX, Account, Accounts, AccountsError, Granted},
    config::SESSION_MAX,
    rights::Right,
    unauthenticated,
};
use crate::{
    audit::{act, not_recorded},
    wall::system_ms,
};

/// An invitation lasts so many days at the most.
pub const GUEST_DAYS_MAX: i64 = 31;
const DAY_MS: i64 = 24 * 3_600_000;
/// Random bytes of an invitation.
const SECRET_BYTES: usize = 24;

/// What signing in gives.
#[derive(Debug)]
pub struct SignedIn {
    /// For the `authorization` header.
    pub token: String,
    /// When it ends, milliseconds since 1970.
    pub expire_ms: i64,
    /// Who they are here.
    pub caller: Caller,
}

/// Somebody who shall be invited; checked for form, not for rights.
#[derive(Debug)]
pub struct NewGuest {
    /// For people.
    pub display_name: String,
    /// By id.
    pub incident: String,
    /// By id.
    pub audiences: Vec<String>,
    /// By id; empty: the one of who invites.
    pub party: String,
    /// As what.
    pub role: Role,
    /// Until when, milliseconds since 1970.
    pub expire_ms: i64,
}

fn failed(error: &AccountsError) -> Refusal {
    tracing::error!(%error, "accounts cannot be written");
    let sentence = "this node cannot write its accounts: its disk may be full";
    Refusal::new(Class::ResourceExhausted, "ACCOUNTS_NOT_WRITTEN", sentence)
}

fn no_account(name: &str) -> Refusal {
    let sentence = format!("accounts/{name} is not known here");
    Refusal::new(Class::NotFound, "ACCOUNT_NOT_FOUND", sentence)
}

/// The same words for a name that does not exist and a passphrase that is wrong.
fn wrong() -> Refusal {
    unauthenticated("SIGN_IN_WRONG", "name or passphrase is wrong")
}

fn denied(reason: &'static str, sentence: impl Into<String>) -> Refusal {
    Refusal::new(Class::PermissionDenied, reason, sentence)
}

/// The account that is to be set, if there is room for it and it is no guest's.
fn settable(accounts: &Accounts, name: &str) -> Result<Option<Account>, Refusal> {
    let before = accounts.get(name).cloned();
    if before.is_none() && accounts.count() >= ACCOUNTS_MAX {
        let sentence = format!("this node has {ACCOUNTS_MAX} accounts already");
        return Err(Refusal::new(Class::ResourceExhausted, "ACCOUNTS_TOO_MANY", sentence));
    }
    if before.as_ref().is_some_and(|before| before.guest) {
        let sentence = "is a guest: end the invitation and give another one";
        return Err(Refusal::field("account.name", "ACCOUNT_IS_GUEST", sentence));
    }
    Ok(before)
}

fn word(role: i32) -> String {
    let role = Role::try_from(role).unwrap_or_default();
    role.as_str_name().trim_start_matches("ROLE_").to_lowercase()
}

/// What is written down of a change of an account.
fn told(grants: &[Granted], disabled: bool, passphrase: bool) -> String {
    let grant = |grant: &Granted| match &grant.incident {
        Some(incident) => format!("{}:{}:{incident}", word(grant.role), grant.party),
        None => format!("{}:{}", word(grant.role), grant.party),
    };
    let mut parts: Vec<_> = grants.iter().map(grant).collect();
    parts.extend(passphrase.then(|| "passphrase".to_owned()));
    parts.extend(disabled.then(|| "disabled".to_owned()));
    parts.join(", ")
}

fn hash_of(invitation: &str) -> String {
    blake3::hash(invitation.as_bytes()).to_hex().to_string()
}

impl People {
    /// Signs in by name and passphrase. `from`: the caller's address, where it is known.
    pub async fn sign_in(
        self: &Arc<Self>,
        name: &str,
        passphrase: String,
        from: Option<IpAddr>,
    ) -> Result<SignedIn, Refusal> {
        let name = name.trim().to_lowercase();
        let now_ms = system_ms();
        let known = self.accounts.read().get(&name).is_some();
        let counted = if known { &name[..] } else { "" };
        let kept_out = |refusal: Refusal| {
            self.node.acts.kept_out(counted, refusal.reason);
            refusal
        };
        self.patience.check(&name, from, now_ms).map_err(kept_out)?;
        let kept = self.accounts.read().get(&name).and_then(|account| account.passphrase.clone());
        if !self.passphrases.holds(passphrase, kept.clone()).await? {
            self.patience.failed(&name, from, system_ms());
            tracing::warn!(name, ?from, "a sign-in failed");
            return Err(kept_out(wrong()));
        }
        self.patience.succeeded(&name, from);
        // While it was computed, somebody may have changed the account.
        let usable = |account: &&Account| account.passphrase == kept && account.is_usable(now_ms);
        let generation = self.accounts.read().get(&name).filter(usable).map(|a| a.generation);
        let generation = generation.ok_or_else(|| kept_out(wrong()))?;
        self.begin(name, generation, i64::MAX, from).await
    }

    /// Signs a guest in by what [`People::invite`] gave.
    pub async fn accept(
        self: &Arc<Self>,
        invitation: &str,
        from: Option<IpAddr>,
    ) -> Result<SignedIn, Refusal> {
        let now_ms = system_ms();
        // A secret cannot be guessed, but guessing must not be free either.
        let kept_out = |refusal: Refusal| {
            self.node.acts.kept_out("", refusal.reason);
            refusal
        };
        self.patience.check("", from, now_ms).map_err(kept_out)?;
        let hash = hash_of(invitation.trim());
        let found = {
            let accounts = self.accounts.read();
            let mut guests = accounts.all().filter(|(_, account)| account.guest);
            let found = guests.find(|(_, account)| account.invitation.as_deref() == Some(&hash));
            found.map(|(name, account)| (name.to_owned(), account.clone()))
        };
        let Some((name, account)) = found.filter(|(_, account)| account.is_usable(now_ms)) else {
            self.patience.failed("", from, now_ms);
            let sentence = "the invitation is wrong, or it has ended";
            return Err(kept_out(unauthenticated("INVITATION_WRONG", sentence)));
        };
        let end = account.grants.iter().filter_map(|grant| grant.expire_ms).max();
        self.begin(name, account.generation, end.unwrap_or(now_ms), from).await
    }

    async fn begin(
        self: &Arc<Self>,
        account: String,
        generation: u64,
        latest_ms: i64,
        from: Option<IpAddr>,
    ) -> Result<SignedIn, Refusal> {
        let begin_ms = system_ms();
        let expire_ms = (begin_ms + self.config.session.as_millis() as i64).min(latest_ms);
        // That it cannot be noted is no reason to keep somebody out.
        if let Err(error) = self.accounts.write().note_sign_in(&account, begin_ms) {
            tracing::warn!(%error, "a sign-in could not be noted");
        }
        tracing::info!(account, "signed in");
        let session = Session { account: account.clone(), generation, begin_ms, expire_ms };
        let token = self.node.sessions.write(&session);
        let who = Who::Account { name: account, generation, expire_ms };
        let caller = Caller::new(Arc::clone(self), who);
        let detail = from.map(|from| from.to_string()).unwrap_or_default();
        self.node.note_first(Act { detail, ..act(&caller, ActKind::LetIn) }).await;
        Ok(SignedIn { token, expire_ms, caller })
    }

    /// Ends every session of a person. Nobody stays signed in because the disk is slow.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), Refusal> {
        let done = act(caller, ActKind::SignedOut);
        match caller.who() {
            Who::Account { name, .. } => {
                let mut accounts = self.accounts.write();
                let Some(mut account) = accounts.get(name).cloned() else { return Ok(()) };
                account.generation += 1;
                accounts.set(name, account).map_err(|error| failed(&error))?;
            }
            Who::Provider { name, .. } => self.end_provided(&mut self.accounts.write(), name)?,
            Who::Operator | Who::System { .. } | Who::Nobody => return Ok(()),
        }
        self.announce();
        self.node.note_first(done).await;
        Ok(())
    }

    /// Ends the sessions that identity providers stood for.
    fn end_provided(&self, accounts: &mut Accounts, name: &str) -> Result<(), Refusal> {
        if self.providers.is_empty() {
            return Ok(());
        }
        let kept_ms = SESSION_MAX.as_millis() as i64;
        accounts.sign_out(name, system_ms(), kept_ms).map_err(|error| failed(&error))
    }

    /// On disk before what it says is done: a change that nobody can find must not stand.
    async fn put(&self, act: Act) -> Result<(), Refusal> {
        self.node.put_on_record(vec![act]).await.map_err(not_recorded)
    }

    fn announce(&self) {
        self.accounts_changed.send_modify(|count| *count += 1);
    }

    /// Makes an account, or changes it: its names, grants and passphrase. Sessions end when it is
    /// disabled or gets another passphrase.
    pub async fn set_account(
        &self,
        caller: &Caller,
        name: &str,
        display_name: String,
        grants: Vec<Granted>,
        disabled: bool,
        passphrase: String,
    ) -> Result<(), Refusal> {
        let hashed = match passphrase.is_empty() {
            true => None,
            false => Some(self.passphrases.hash(passphrase).await?),
        };
        self.check_first(name, &grants, hashed.is_some() && !disabled)?;
        settable(&self.accounts.read(), name)?;
        let detail = told(&grants, disabled, hashed.is_some());
        let kind = ActKind::AccountSet;
        let subject = format!("accounts/{name}");
        self.put(Act { subject, detail, ..act(caller, kind) }).await?;
        let mut accounts = self.accounts.write();
        let before = settable(&accounts, name)?;
        let mut account = before.unwrap_or_else(|| Account {
            display_name: String::new(),
            grants: Vec::new(),
            disabled: false,
            guest: false,
            generation: rand::random::<u32>().into(),
            passphrase: None,
            invitation: None,
            create_ms: system_ms(),
            created_by: caller.author().to_owned(),
            sign_in_ms: None,
        });
        if hashed.is_some() || disabled {
            account.generation += 1;
        }
        if disabled {
            self.end_provided(&mut accounts, name)?;
        }
        account.passphrase = hashed.or(account.passphrase);
        (account.display_name, account.grants, account.disabled) = (display_name, grants, disabled);
        accounts.set(name, account).map_err(|error| failed(&error))?;
        drop(accounts);
        tracing::info!(name, by = caller.author(), "an account was made or changed");
        self.announce();
        Ok(())
    }

    /// From the first account on everybody signs in: that must leave somebody who can make others.
    fn check_first(&self, name: &str, grants: &[Granted], usable: bool) -> Result<(), Refusal> {
        if self.config.sign_in.is_some() || !self.is_open() {
            return Ok(());
        }
        let administrator = i32::from(Role::Administrator);
        let granted = match self.node.charter.read().as_ref() {
            Some(charter) => charter.roles(name, system_ms()).any(|r| r.role == administrator),
            None => grants.iter().any(|g| g.role == administrator && g.expire_ms.is_none()),
        };
        if granted && usable {
            return Ok(());
        }
        let sentence = "the first account must be an administrator's, with a passphrase: from then \
                        on everybody signs in, and nobody else could make another account";
        Err(Refusal::new(Class::FailedPrecondition, "FIRST_ACCOUNT", sentence))
    }

    /// Who may look after other accounts than guests.
    fn looks_after(caller: &Caller, account: &Account) -> bool {
        if caller.may(Right::Administer) {
            return true;
        }
        let grants = account.grants.iter();
        let mut of = grants.map(|grant| (&grant.party, grant.incident.as_deref()));
        account.guest
            && of.all(|(party, incident)| {
                caller.parties(Right::Invite, incident.unwrap_or_default()).contains(party)
            })
    }

    /// Removes an account, or ends an invitation.
    pub async fn delete_account(&self, caller: &Caller, name: &str) -> Result<(), Refusal> {
        // Looked up before the list is locked: what the caller may do stands in it as well.
        let known = self.account(name)?;
        if !Self::looks_after(caller, &known) {
            return Err(no_account(name));
        }
        let subject = format!("accounts/{name}");
        self.put(Act { subject, ..act(caller, ActKind::AccountRemoved) }).await?;
        if !Self::looks_after(caller, &self.account(name)?) {
            return Err(no_account(name));
        }
        {
            let mut accounts = self.accounts.write();
            self.end_provided(&mut accounts, name)?;
            if !accounts.remove(name).map_err(|error| failed(&error))? {
                return Err(no_account(name));
            }
        }
        tracing::info!(name, by = caller.author(), "an account was removed");
        self.announce();
        Ok(())
    }

    /// An account by its name.
    pub fn account(&self, name: &str) -> Result<Account, Refusal> {
        self.accounts.read().get(name).cloned().ok_or_else(|| no_account(name))
    }

    /// The account of a caller, if there is one.
    pub fn of_caller(&self, caller: &Caller) -> Option<Account> {
        self.accounts.read().get(caller.author()).cloned()
    }

    /// Accounts that the caller looks after, by name, after one.
    pub fn accounts_after(
        &self,
        caller: &Caller,
        after: &str,
        count: usize,
    ) -> Vec<(String, Account)> {
        let all: Vec<_> = {
            let accounts = self.accounts.read();
            let later = accounts.all().filter(|(name, _)| *name > after);
            later.map(|(name, account)| (name.to_owned(), account.clone())).collect()
        };
        let known = all.into_iter().filter(|(_, account)| Self::looks_after(caller, account));
        known.take(count).collect()
    }

    /// Lets a guest in, to what the caller may see in the name of a party. Answers the name of the
    /// account and its secret.
    pub async fn invite(
        &self,
        caller: &Caller,
        guest: NewGuest,
    ) -> Result<(String, String), Refusal> {
        let party = self.host(caller, &guest)?;
        let now_ms = system_ms();
        if guest.expire_ms <= now_ms || guest.expire_ms > now_ms + GUEST_DAYS_MAX * DAY_MS {
            let sentence =
                format!("must lie in the future, at most {GUEST_DAYS_MAX} days from now");
            return Err(Refusal::field("expire_time", "OUT_OF_RANGE", sentence));
        }
        for (at, audience) in guest.audiences.iter().enumerate() {
            if !caller.sees_audience(&guest.incident, audience) {
                let sentence = "is no audience whose entries you see in this incident";
                return Err(Refusal::field(
                    format!("audiences[{at}]"),
                    "AUDIENCE_NOT_FOUND",
                    sentence,
                ));
            }
        }
        let secret: [u8; SECRET_BYTES] = rand::random();
        let invitation = URL_SAFE_NO_PAD.encode(secret);
        let name = format!("guest-{:08x}", rand::random::<u32>());
        settable(&self.accounts.read(), &name)?;
        self.put(Act {
            incident: format!("incidents/{}", guest.incident),
            audiences: guest.audiences.iter().map(|id| format!("audiences/{id}")).collect(),
            subject: format!("accounts/{name}"),
            detail: format!("{}:{party}", word(guest.role.into())),
            ..act(caller, ActKind::GuestInvited)
        })
        .await?;
        let mut accounts = self.accounts.write();
        settable(&accounts, &name)?;
        let grant = Granted {
            role: guest.role.into(),
            party,
            incident: Some(guest.incident),
            audiences: Some(guest.audiences),
            expire_ms: Some(guest.expire_ms),
        };
        let account = Account {
            display_name: guest.display_name,
            grants: vec![grant],
            disabled: false,
            guest: true,
            generation: rand::random::<u32>().into(),
            passphrase: None,
            invitation: Some(hash_of(&invitation)),
            create_ms: now_ms,
            created_by: caller.author().to_owned(),
            sign_in_ms: None,
        };
        accounts.set(&name, account).map_err(|error| failed(&error))?;
        drop(accounts);
        tracing::info!(name, by = caller.author(), "a guest was invited");
        self.announce();
        Ok((name, invitation))
    }

    /// The party in whose name a guest is let in.
    fn host(&self, caller: &Caller, guest: &NewGuest) -> Result<String, Refusal> {
        let own = self.node.identity().party.clone();
        let mut parties = caller.parties(Right::Invite, &guest.incident);
        if caller.is_operator() {
            parties = vec![if guest.party.is_empty() { own.clone() } else { guest.party.clone() }];
        }
        parties.sort_unstable();
        parties.dedup();
        let party = match (guest.party.is_empty(), &parties[..]) {
            (_, []) => return Err(denied("RIGHT_MISSING", "you may not invite to this incident")),
            (true, [only]) => only.clone(),
            (true, several) if several.contains(&own) => own,
            (true, _) => {
                let sentence = "is required: you act for several parties";
                return Err(Refusal::field("party", "REQUIRED", sentence));
            }
            (false, known) if known.contains(&guest.party) => guest.party.clone(),
            (false, _) => {
                let sentence = "is no party for which you may invite to this incident";
                return Err(Refusal::field("party", "PARTY_NOT_YOURS", sentence));
            }
        };
        if PartyName::from_id(&party).is_none() {
            return Err(Refusal::field("party", "MALFORMED_NAME", "must be parties/{party}"));
        }
        Ok(party)
    }
}
