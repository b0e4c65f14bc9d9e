//! Somebody who calls: what they may do and see, asked anew each time, because a right may end
//! while a call goes on.

use std::sync::Arc;

use polder_picture::{
    account,
    charter::EVERYBODY,
    picture::{Picture, Scope},
    refusal::{Class, Refusal},
    sight::Sight,
};
use polder_wire::v1::{CallerKind, Role};

use super::{
    People,
    accounts::Granted,
    rights::{self, Needs, Right},
};
use crate::wall::system_ms;

/// How somebody came to be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// On the machine of a node where nobody needs to sign in: may do everything.
    Operator,
    /// By an account of this node, or invited.
    Account {
        /// Name of the account.
        name: String,
        /// Generation of the account when the session was given.
        generation: u64,
        /// When the session ends, milliseconds since 1970.
        expire_ms: i64,
    },
    /// By an identity provider.
    Provider {
        /// By which roles are given.
        name: String,
        /// For people.
        display_name: String,
        /// When the session was given, milliseconds since 1970; `None`: it is the provider's own
        /// token.
        begin_ms: Option<i64>,
        /// When the session or token ends, milliseconds since 1970.
        expire_ms: i64,
    },
    /// A system of a party, by its certificate.
    System {
        /// By id.
        party: String,
    },
    /// Not at all.
    Nobody,
}

/// Somebody who calls.
#[derive(Clone)]
pub struct Caller {
    people: Arc<People>,
    who: Who,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.who.fmt(f)
    }
}

/// What was asked for is not there, as far as this caller may know.
pub(crate) fn unknown_incident(incident: &str) -> Refusal {
    let sentence = format!("incidents/{incident} is not known here");
    Refusal::new(Class::NotFound, "INCIDENT_NOT_FOUND", sentence)
}

impl Caller {
    pub(super) fn new(people: Arc<People>, who: Who) -> Self {
        Self { people, who }
    }

    /// How they came to be known.
    pub fn who(&self) -> &Who {
        &self.who
    }

    /// The people of the node.
    pub fn people(&self) -> &Arc<People> {
        &self.people
    }

    /// Name that goes on record with what they write; empty when nobody signed in.
    pub fn author(&self) -> &str {
        match &self.who {
            Who::Account { name, .. } | Who::Provider { name, .. } => name,
            Who::Operator | Who::System { .. } | Who::Nobody => "",
        }
    }

    /// How they are known, in the words of the contract.
    pub fn kind(&self) -> CallerKind {
        match &self.who {
            Who::Operator => CallerKind::Operator,
            Who::Account { name, .. } => {
                let guest = self.people.accounts.read().get(name).is_some_and(|a| a.guest);
                if guest { CallerKind::Guest } else { CallerKind::Account }
            }
            Who::Provider { .. } => CallerKind::Provider,
            Who::System { .. } => CallerKind::System,
            Who::Nobody => CallerKind::Unspecified,
        }
    }

    /// Whether they may be told who did what with what was said to an audience of an incident.
    pub fn audits(&self, incident: &str, audience: &str) -> bool {
        let audits = self.is_operator() || !self.parties(Right::Audit, incident).is_empty();
        audits && self.sees_audience(incident, audience)
    }

    /// Whether they may be told who did what with the node as a whole: an auditor of all incidents.
    pub fn audits_node(&self) -> bool {
        let all = |grant: &Granted| {
            rights::allows(grant.role, Right::Audit)
                && grant.incident.is_none()
                && grant.audiences.is_none()
        };
        self.is_operator() && self.people.still_counts(&self.who) || self.grants().iter().any(all)
    }

    /// Whether they may do everything.
    pub fn is_operator(&self) -> bool {
        self.who == Who::Operator
    }

    /// What they may do, for whom, as it counts now. Empty for the operator, who needs none.
    pub fn grants(&self) -> Vec<Granted> {
        if !self.people.still_counts(&self.who) {
            return Vec::new();
        }
        let now_ms = system_ms();
        let (name, guest) = match &self.who {
            Who::Account { name, .. } | Who::Provider { name, .. } => {
                let accounts = self.people.accounts.read();
                (name, accounts.get(name).filter(|account| account.guest).cloned())
            }
            Who::System { party } => {
                // What a system reads and writes is what its party may.
                let role = Role::Liaison.into();
                let grant = Granted {
                    role,
                    party: party.clone(),
                    incident: None,
                    audiences: None,
                    expire_ms: None,
                };
                return vec![grant];
            }
            Who::Operator | Who::Nobody => return Vec::new(),
        };
        let current = |grant: &Granted| grant.expire_ms.is_none_or(|end| now_ms < end);
        if let Some(guest) = guest {
            return guest.grants.into_iter().filter(current).collect();
        }
        if let Some(charter) = self.people.node.charter.read().as_ref() {
            let roles = charter.roles(name, now_ms);
            let granted = |row: &polder_picture::charter::RoleRow| Granted {
                role: row.role,
                party: row.party.clone(),
                incident: Some(row.incident.clone()).filter(|incident| !incident.is_empty()),
                audiences: None,
                expire_ms: row.expire_ms,
            };
            return roles.map(granted).collect();
        }
        let accounts = self.people.accounts.read();
        let grants = accounts.get(name).map(|account| account.grants.clone()).unwrap_or_default();
        grants.into_iter().filter(current).collect()
    }

    /// Whether the call at a path is for them at all. Which incident it is about is not looked at.
    pub fn may_call(&self, path: &str) -> Result<(), Refusal> {
        let needs = rights::needs(path);
        match needs {
            Some(Needs::Nothing | Needs::Node) => return Ok(()),
            _ if self.is_operator() && self.people.still_counts(&self.who) => return Ok(()),
            _ => {}
        }
        if !self.people.still_counts(&self.who) {
            let sentence = "say who you are: sign in, or bring a token of an identity provider";
            return Err(Refusal::new(Class::Unauthenticated, "SIGN_IN_NEEDED", sentence));
        }
        match needs {
            Some(Needs::SignedIn) => Ok(()),
            Some(Needs::Right(right)) => self.require(right),
            _ => {
                let sentence = "this call is not for people";
                Err(Refusal::new(Class::PermissionDenied, "RIGHT_MISSING", sentence))
            }
        }
    }

    /// Whether they have a right at all, in some incident.
    pub fn may(&self, right: Right) -> bool {
        self.is_operator() && self.people.still_counts(&self.who)
            || self.grants().iter().any(|grant| rights::allows(grant.role, right))
    }

    /// Refuses who has not got a right in any incident.
    pub fn require(&self, right: Right) -> Result<(), Refusal> {
        if self.may(right) { Ok(()) } else { Err(missing(right)) }
    }

    /// Parties for which they have a right in an incident.
    pub fn parties(&self, right: Right, incident: &str) -> Vec<String> {
        let grants = self.grants().into_iter();
        let of =
            grants.filter(|grant| rights::allows(grant.role, right) && covers(grant, incident));
        of.map(|grant| grant.party).collect()
    }

    /// Refuses who has not got a right in an incident. One of which they may see nothing does not
    /// exist for them.
    pub fn require_in(&self, right: Right, picture: &Picture, scope: u32) -> Result<(), Refusal> {
        let incident = &picture.scope(scope).incident;
        if !picture.audiences(incident).any(|audience| self.sees(picture.scope(audience))) {
            return Err(unknown_incident(incident));
        }
        if self.is_operator() || !self.parties(right, incident).is_empty() {
            return Ok(());
        }
        Err(missing(right))
    }

    /// Whether they may read what is said in a scope.
    pub fn sees(&self, scope: &Scope) -> bool {
        if self.is_operator() {
            return self.people.still_counts(&self.who);
        }
        self.sees_by(&self.grants(), &scope.incident, &scope.audience)
    }

    /// The same of a scope that may not be known yet.
    pub fn sees_audience(&self, incident: &str, audience: &str) -> bool {
        self.is_operator() && self.people.still_counts(&self.who)
            || self.sees_by(&self.grants(), incident, audience)
    }

    fn sees_by(&self, grants: &[Granted], incident: &str, audience: &str) -> bool {
        if incident == account::INCIDENT {
            return false;
        }
        let node = &self.people.node;
        // Until the charter speaks of an incident, whoever opened it here is not shut out of it.
        let opened = if audience == EVERYBODY { node.openers(incident) } else { Vec::new() };
        let charter = node.charter.read();
        grants.iter().any(|grant| {
            let named = grant
                .audiences
                .as_ref()
                .is_none_or(|named| named.iter().any(|one| one == audience));
            // Without a charter there are no audiences but everybody.
            let party = charter.as_ref().map_or(audience == EVERYBODY, |charter| {
                charter.may_see(&grant.party, incident, audience) || opened.contains(&grant.party)
            });
            rights::allows(grant.role, Right::Read) && covers(grant, incident) && named && party
        })
    }

    /// Which scopes they may see, as it counts now.
    pub fn sight(&self, picture: &Picture) -> Sight {
        if !self.people.still_counts(&self.who) {
            return Sight::Nothing;
        }
        if self.is_operator() {
            return Sight::All;
        }
        let grants = self.grants();
        let scopes = picture.scopes().iter();
        Sight::Of(scopes.map(|s| self.sees_by(&grants, &s.incident, &s.audience)).collect())
    }

    /// Resolves when what callers may do and see may have changed; for the operator of a node where
    /// nobody signs in, never before somebody must.
    pub(crate) async fn changed(&self, version: (u64, u64)) {
        let (mut charter, mut accounts) = self.people.changes();
        if self.changed_since(version) {
            return;
        }
        let ends_ms = match &self.who {
            Who::Account { expire_ms, .. } | Who::Provider { expire_ms, .. } => Some(*expire_ms),
            _ => None,
        };
        let ends = async {
            match ends_ms {
                Some(at) => {
                    let left = at.saturating_sub(system_ms()).max(0) as u64;
                    tokio::time::sleep(std::time::Duration::from_millis(left)).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = charter.changed() => {}
            _ = accounts.changed() => {}
            () = ends => {}
        }
    }

    /// Whether what they may do and see can have changed since a look at [`People::version`].
    pub(crate) fn changed_since(&self, version: (u64, u64)) -> bool {
        self.people.version() != version || !self.people.still_counts(&self.who)
    }
}

/// Whether a grant is for an incident.
fn covers(grant: &Granted, incident: &str) -> bool {
    grant.incident.as_deref().is_none_or(|only| only == incident)
}

fn missing(right: Right) -> Refusal {
    let sentence = format!("your role does not allow it: you need the right to {}", right.word());
    Refusal::new(Class::PermissionDenied, "RIGHT_MISSING", sentence)
}
