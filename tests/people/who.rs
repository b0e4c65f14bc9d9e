//! Somebody who signed in at a node, and what they say to it.

use polder_picture::charter::Charter;
use polder_wire::v1::{
    self, Account, AddStatementsRequest, CharterChange, Entry, EntryFilter, GetEntryRequest, Grant,
    ListEntriesRequest, NodeCertificate, PassphraseSignIn, PublishEntriesRequest, Published, Role,
    RoleGrant, SetAccountRequest, SignInRequest, audit_service_client::AuditServiceClient,
    charter_change::Change, charter_service_client::CharterServiceClient,
    impact_service_client::ImpactServiceClient, incident_service_client::IncidentServiceClient,
    node_service_client::NodeServiceClient, people_service_client::PeopleServiceClient,
    picture_service_client::PictureServiceClient, sign_in_request::Means,
    situation_service_client::SituationServiceClient, team_service_client::TeamServiceClient,
};
use tonic::Status;

use crate::{
    bearer::{Signed, with_token},
    harness::*,
    made::{audience, change, founding, member, party, signed},
};

/// Long enough for any account.
pub const PASSPHRASE: &str = "three words suffice";

/// A person at a node.
pub struct Person {
    pub service: Signed,
    pub token: String,
}

impl Person {
    /// With a token, whatever it is.
    pub async fn with(node: &Running, token: &str) -> Self {
        let service = with_token(node.connect().await, token);
        Self { service, token: token.to_owned() }
    }

    /// For clients of services that few ask.
    pub fn service(&self) -> &Signed {
        &self.service
    }

    pub fn picture(&self) -> PictureServiceClient<Signed> {
        PictureServiceClient::new(self.service.clone())
    }

    pub fn incidents(&self) -> IncidentServiceClient<Signed> {
        IncidentServiceClient::new(self.service.clone())
    }

    pub fn people(&self) -> PeopleServiceClient<Signed> {
        PeopleServiceClient::new(self.service.clone())
    }

    pub fn impact(&self) -> ImpactServiceClient<Signed> {
        ImpactServiceClient::new(self.service.clone())
    }

    pub fn team(&self) -> TeamServiceClient<Signed> {
        TeamServiceClient::new(self.service.clone())
    }

    pub fn situations(&self) -> SituationServiceClient<Signed> {
        SituationServiceClient::new(self.service.clone())
    }

    pub fn audit(&self) -> AuditServiceClient<Signed> {
        AuditServiceClient::new(self.service.clone())
    }

    pub fn charter(&self) -> CharterServiceClient<Signed> {
        CharterServiceClient::new(self.service.clone())
    }

    /// Adds statements to the charter of the node.
    pub async fn say(&self, statements: Vec<v1::CharterStatement>) {
        self.charter().add_statements(AddStatementsRequest { statements }).await.unwrap();
    }

    pub fn node(&self) -> NodeServiceClient<Signed> {
        NodeServiceClient::new(self.service.clone())
    }

    pub async fn caller(&self) -> Result<v1::Caller, Status> {
        let answer = self.people().get_caller(v1::GetCallerRequest {}).await?;
        Ok(answer.into_inner().caller.unwrap())
    }

    /// Publishes one entry to an audience; empty: to everybody.
    pub async fn put(&self, entry: &Entry, audience: &str) -> Result<Published, Status> {
        let request = PublishEntriesRequest {
            items: vec![item(entry)],
            audience: audience.to_owned(),
            ..Default::default()
        };
        let answer = self.picture().publish_entries(request).await?.into_inner();
        outcomes(answer).remove(0)
    }

    pub async fn get(&self, name: &str) -> Result<Entry, Status> {
        let request = GetEntryRequest { name: name.to_owned() };
        Ok(decode(&self.picture().get_entry(request).await?.into_inner().entry))
    }

    /// Titles of all entries, in order.
    pub async fn titles(&self) -> Vec<String> {
        let request = ListEntriesRequest {
            filter: Some(EntryFilter::default()),
            page_size: 1_000,
            ..Default::default()
        };
        let answer = self.picture().list_entries(request).await.unwrap().into_inner();
        let entries = answer.entries.iter().map(decode);
        let mut titles: Vec<_> = entries.map(|entry| entry.texts[0].title.clone()).collect();
        titles.sort();
        titles
    }
}

/// Signs in by name and passphrase.
pub async fn sign_in(node: &Running, account: &str, passphrase: &str) -> Result<Person, Status> {
    let means = Means::Passphrase(PassphraseSignIn {
        account: account.to_owned(),
        passphrase: passphrase.to_owned(),
    });
    sign_in_by(node, means).await
}

pub async fn sign_in_by(node: &Running, means: Means) -> Result<Person, Status> {
    let mut client = PeopleServiceClient::new(node.connect().await);
    let answer = client.sign_in(SignInRequest { means: Some(means) }).await?.into_inner();
    Ok(Person::with(node, &answer.token).await)
}

pub fn grant(role: Role, party: &str, incident: &str) -> Grant {
    let incident = match incident {
        "" => String::new(),
        id => format!("incidents/{id}"),
    };
    Grant { role: role.into(), party: format!("parties/{party}"), incident, ..Default::default() }
}

pub fn account(name: &str, grants: Vec<Grant>) -> SetAccountRequest {
    let account = Account { name: format!("accounts/{name}"), grants, ..Default::default() };
    SetAccountRequest { account: Some(account), passphrase: PASSPHRASE.into() }
}

/// Makes the first account of a node: its administrator.
pub async fn administrator(node: &Running) -> Person {
    let mut client = PeopleServiceClient::new(node.connect().await);
    let grants = vec![grant(Role::Administrator, "tester", "")];
    client.set_account(account("admin", grants)).await.unwrap();
    sign_in(node, "admin", PASSPHRASE).await.unwrap()
}

/// Makes an account with a role and signs in with it.
pub async fn person(
    node: &Running,
    admin: &Person,
    name: &str,
    role: Role,
    party: &str,
    incident: &str,
) -> Person {
    let request = account(name, vec![grant(role, party, incident)]);
    admin.people().set_account(request).await.unwrap();
    sign_in(node, name, PASSPHRASE).await.unwrap()
}

pub fn role_of(person: &str, role: Role, party: &str, incident: &str) -> CharterChange {
    let Grant { role, party, incident, .. } = grant(role, party, incident);
    change(Change::Role(RoleGrant {
        person: person.to_owned(),
        party,
        role,
        incident,
        expire_time: None,
    }))
}

/// What a charter says of a node that speaks for all of police, fire and medical, with a narrower
/// audience, and who works there.
pub fn region(public_key: &bytes::Bytes) -> Vec<CharterChange> {
    vec![
        party("police"),
        party("fire"),
        party("medical"),
        change(Change::Node(NodeCertificate {
            public_key: public_key.clone(),
            parties: ["police", "fire", "medical"].map(|id| format!("parties/{id}")).to_vec(),
            display_name: "node of the region".into(),
            incarnation: 1,
        })),
        audience("responders", &["police", "fire"]),
        audience("investigation", &["police"]),
        member("flood", "-"),
        role_of("admin", Role::Administrator, "police", ""),
        role_of("paul", Role::InformationManager, "police", ""),
        role_of("fien", Role::ColumnHead, "fire", ""),
        role_of("mia", Role::Liaison, "medical", ""),
    ]
}

/// Statements of the charter with these changes, to be told to a node.
pub fn charter_of(changes: Vec<CharterChange>) -> (Charter, AddStatementsRequest) {
    let founded = founding(&[1], 1);
    let charter = Charter::found(&founded).unwrap();
    let said = signed(Some(charter.id()), 2, changes, &[(1, 2)]);
    (charter, AddStatementsRequest { statements: vec![founded, said] })
}

/// A node under that charter, with an account for each person and the incident `flood`.
pub async fn under_a_charter(node: &Running) -> [Person; 4] {
    let key = node.status().await.public_key;
    let (_, request) = charter_of(region(&key));
    let mut client = CharterServiceClient::new(node.connect().await);
    client.add_statements(request).await.unwrap();
    node.open("flood").await;
    let mut client = PeopleServiceClient::new(node.connect().await);
    client.set_account(account("admin", Vec::new())).await.unwrap();
    let admin = sign_in(node, "admin", PASSPHRASE).await.unwrap();
    let mut others = Vec::new();
    for name in ["paul", "fien", "mia"] {
        admin.people().set_account(account(name, Vec::new())).await.unwrap();
        others.push(sign_in(node, name, PASSPHRASE).await.unwrap());
    }
    let [paul, fien, mia] = others.try_into().ok().unwrap();
    [admin, paul, fien, mia]
}
