//! `PeopleService`.

use polder_picture::{
    attributes::{millis, timestamp},
    check::Checker,
    names::{AudienceName, IncidentName, PartyName},
    refusal::Refusal,
};
use polder_wire::v1::{
    self, BeginSignInRequest, BeginSignInResponse, DeleteAccountRequest, DeleteAccountResponse,
    GetCallerRequest, GetCallerResponse, Grant, InviteGuestRequest, InviteGuestResponse,
    ListAccountsRequest, ListAccountsResponse, ListSignInProvidersRequest,
    ListSignInProvidersResponse, Role, SetAccountRequest, SetAccountResponse, SignInProvider,
    SignInRequest, SignInResponse, SignOutRequest, SignOutResponse,
    people_service_server::PeopleService, sign_in_request::Means,
};
use tonic::{Request, Response, Status};

use super::{
    Services,
    guard::{address, caller},
    status::Refused,
};
use crate::{
    people::{
        Caller, Leaving, NewGuest, Who,
        accounts::{Account, GRANTS_MAX, Granted},
        rights::Right,
    },
    query::page_size,
};

/// Characters of the name by which a person signs in.
const NAME_CHARACTERS_MAX: usize = 200;

fn shown_grant(grant: &Granted) -> Grant {
    let audience = |id: &String| format!("audiences/{id}");
    Grant {
        role: grant.role,
        party: format!("parties/{}", grant.party),
        incident: grant.incident.as_ref().map(|i| format!("incidents/{i}")).unwrap_or_default(),
        audiences: grant.audiences.iter().flatten().map(audience).collect(),
        expire_time: grant.expire_ms.map(timestamp),
    }
}

fn shown_account(name: &str, account: &Account) -> v1::Account {
    v1::Account {
        name: format!("accounts/{name}"),
        display_name: account.display_name.clone(),
        grants: account.grants.iter().map(shown_grant).collect(),
        disabled: account.disabled,
        guest: account.guest,
        create_time: Some(timestamp(account.create_ms)),
        created_by: account.created_by.clone(),
        sign_in_time: account.sign_in_ms.map(timestamp),
        has_passphrase: account.passphrase.is_some(),
    }
}

fn shown_caller(services: &Services, caller: &Caller) -> v1::Caller {
    let person = caller.author().to_owned();
    let account = services.people.of_caller(caller);
    let display_name = account.as_ref().map(|account| account.display_name.clone());
    let display_name = match caller.who() {
        Who::Provider { display_name, .. } => display_name.clone(),
        _ => display_name.unwrap_or_default(),
    };
    let rights = Right::ALL.into_iter().filter(|right| caller.may(*right));
    v1::Caller {
        kind: caller.kind().into(),
        person,
        display_name,
        grants: caller.grants().iter().map(shown_grant).collect(),
        rights: rights.map(|right| right.word().to_owned()).collect(),
    }
}

/// Reads the name of an account, in lower case.
fn account_name(name: &str, field: &str) -> Result<String, Refusal> {
    let id = name.strip_prefix("accounts/").unwrap_or_default().to_lowercase();
    let unsound = |c: char| c.is_whitespace() || c.is_control() || c == '/';
    if id.is_empty() || id.chars().count() > NAME_CHARACTERS_MAX || id.contains(unsound) {
        let sentence = "must be accounts/{name}, 1 to 200 characters without white space";
        return Err(Refusal::field(field, "MALFORMED_NAME", sentence));
    }
    Ok(id)
}

fn check_grant(grant: &Grant, check: &mut Checker<'_>) {
    check.enumeration::<Role>("role", grant.role, true);
    if PartyName::parse(&grant.party).is_none() {
        check.wrong("party", "MALFORMED_NAME", "must be parties/{party}");
    }
    if !grant.incident.is_empty() && IncidentName::parse(&grant.incident).is_none() {
        check.wrong("incident", "MALFORMED_NAME", "must be incidents/{incident}");
    }
    if !grant.audiences.is_empty() {
        check.wrong("audiences", "NOT_ALLOWED", "are for guests: invite one");
    }
    check.time("expire_time", grant.expire_time.as_ref());
}

fn read_grant(grant: &Grant) -> Granted {
    let id = |name: &str| name.split_once('/').map(|(_, id)| id.to_owned());
    Granted {
        role: grant.role,
        party: id(&grant.party).unwrap_or_default(),
        incident: id(&grant.incident),
        audiences: None,
        expire_ms: grant.expire_time.as_ref().map(millis),
    }
}

fn check_guest(request: &InviteGuestRequest) -> Result<NewGuest, Refusal> {
    let mut check = Checker::new("");
    check.line("display_name", &request.display_name, 1..=200);
    if IncidentName::parse(&request.incident).is_none() {
        check.wrong("incident", "MALFORMED_NAME", "must be incidents/{incident}");
    }
    check.each("audiences", &request.audiences, 1..=100, |check, name| {
        if AudienceName::parse(name).is_none() {
            check.wrong("", "MALFORMED_NAME", "must be audiences/{audience}");
        }
    });
    if !request.party.is_empty() && PartyName::parse(&request.party).is_none() {
        check.wrong("party", "MALFORMED_NAME", "must be parties/{party}");
    }
    check.enumeration::<Role>("role", request.role, false);
    let role = match request.role() {
        Role::Unspecified | Role::Reader => Role::Reader,
        Role::Liaison => Role::Liaison,
        _ => {
            check.wrong("role", "OUT_OF_RANGE", "must be ROLE_READER or ROLE_LIAISON");
            Role::Reader
        }
    };
    if request.expire_time.is_none() {
        check.wrong("expire_time", "REQUIRED", "is required: no guest stays for ever");
    }
    check.time("expire_time", request.expire_time.as_ref());
    check.finish()?;
    let id = |name: &String| name.split_once('/').map(|(_, id)| id.to_owned()).unwrap_or_default();
    Ok(NewGuest {
        display_name: request.display_name.clone(),
        incident: id(&request.incident),
        audiences: request.audiences.iter().map(id).collect(),
        party: id(&request.party),
        role,
        expire_ms: request.expire_time.as_ref().map_or(0, millis),
    })
}

impl Services {
    async fn set(&self, caller: &Caller, request: SetAccountRequest) -> Result<String, Refusal> {
        let account = request.account.unwrap_or_default();
        let name = account_name(&account.name, "account.name")?;
        let mut check = Checker::new("account");
        check.line("display_name", &account.display_name, 0..=200);
        check.each("grants", &account.grants, 0..=GRANTS_MAX, |check, grant| {
            check_grant(grant, check);
        });
        check.finish()?;
        let grants = account.grants.iter().map(read_grant).collect();
        let v1::Account { display_name, disabled, .. } = account;
        let passphrase = request.passphrase;
        let people = &self.people;
        people.set_account(caller, &name, display_name, grants, disabled, passphrase).await?;
        Ok(name)
    }

    fn listed(
        &self,
        caller: &Caller,
        request: &ListAccountsRequest,
    ) -> Result<ListAccountsResponse, Refusal> {
        let size = page_size(request.page_size, 100, 1_000)?;
        // Names sort as they page: the token is the last one.
        let mut accounts = self.people.accounts_after(caller, &request.page_token, size + 1);
        let more = accounts.len() > size;
        accounts.truncate(size);
        let last = accounts.last().filter(|_| more).map(|(name, _)| name.clone());
        Ok(ListAccountsResponse {
            accounts: accounts.iter().map(|(name, account)| shown_account(name, account)).collect(),
            next_page_token: last.unwrap_or_default(),
        })
    }
}

#[tonic::async_trait]
impl PeopleService for Services {
    async fn sign_in(
        &self,
        request: Request<SignInRequest>,
    ) -> Result<Response<SignInResponse>, Status> {
        let from = address(request.extensions());
        let signed_in = match request.into_inner().means {
            Some(Means::Passphrase(means)) => {
                self.people.sign_in(&means.account, means.passphrase, from).await
            }
            Some(Means::Invitation(invitation)) => self.people.accept(&invitation, from).await,
            Some(Means::Provider(back)) => self.people.come_back(back, from).await,
            None => {
                let sentence = "needs a passphrase, an invitation or an identity provider";
                Err(Refusal::field("means", "REQUIRED", sentence))
            }
        };
        let signed_in = signed_in.map_err(Refused::from)?;
        Ok(Response::new(SignInResponse {
            token: signed_in.token,
            expire_time: Some(timestamp(signed_in.expire_ms)),
            caller: Some(shown_caller(self, &signed_in.caller)),
        }))
    }

    async fn list_sign_in_providers(
        &self,
        _: Request<ListSignInProvidersRequest>,
    ) -> Result<Response<ListSignInProvidersResponse>, Status> {
        let providers = self.people.offered().map(|(id, name)| SignInProvider {
            name: format!("providers/{id}"),
            display_name: name.to_owned(),
        });
        Ok(Response::new(ListSignInProvidersResponse { providers: providers.collect() }))
    }

    async fn begin_sign_in(
        &self,
        request: Request<BeginSignInRequest>,
    ) -> Result<Response<BeginSignInResponse>, Status> {
        let from = address(request.extensions());
        // The door let it through: it is that of a page of this node.
        let origin = request.metadata().get("origin").and_then(|origin| origin.to_str().ok());
        let origin = origin.map(str::to_owned);
        let BeginSignInRequest { provider, ask_again } = request.into_inner();
        let id = provider.strip_prefix("providers/").unwrap_or_default();
        let leaving = self.people.leave(id, origin.as_deref(), ask_again, from).await;
        let Leaving { address, secret, expire_ms } = leaving.map_err(Refused::from)?;
        let expire_time = Some(timestamp(expire_ms));
        Ok(Response::new(BeginSignInResponse { address, secret, expire_time }))
    }

    async fn sign_out(
        &self,
        request: Request<SignOutRequest>,
    ) -> Result<Response<SignOutResponse>, Status> {
        self.people.sign_out(&caller(&request)?).await.map_err(Refused::from)?;
        Ok(Response::new(SignOutResponse {}))
    }

    async fn get_caller(
        &self,
        request: Request<GetCallerRequest>,
    ) -> Result<Response<GetCallerResponse>, Status> {
        let caller = Some(shown_caller(self, &caller(&request)?));
        Ok(Response::new(GetCallerResponse { caller }))
    }

    async fn set_account(
        &self,
        request: Request<SetAccountRequest>,
    ) -> Result<Response<SetAccountResponse>, Status> {
        let caller = caller(&request)?;
        let name = self.set(&caller, request.into_inner()).await.map_err(Refused::from)?;
        let account = self.people.account(&name).map_err(Refused::from)?;
        let account = Some(shown_account(&name, &account));
        Ok(Response::new(SetAccountResponse { account }))
    }

    async fn list_accounts(
        &self,
        request: Request<ListAccountsRequest>,
    ) -> Result<Response<ListAccountsResponse>, Status> {
        let listed = self.listed(&caller(&request)?, request.get_ref()).map_err(Refused::from)?;
        Ok(Response::new(listed))
    }

    async fn delete_account(
        &self,
        request: Request<DeleteAccountRequest>,
    ) -> Result<Response<DeleteAccountResponse>, Status> {
        let caller = caller(&request)?;
        let name = account_name(&request.get_ref().name, "name").map_err(Refused::from)?;
        self.people.delete_account(&caller, &name).await.map_err(Refused::from)?;
        Ok(Response::new(DeleteAccountResponse {}))
    }

    async fn invite_guest(
        &self,
        request: Request<InviteGuestRequest>,
    ) -> Result<Response<InviteGuestResponse>, Status> {
        let caller = caller(&request)?;
        let guest = check_guest(request.get_ref()).map_err(Refused::from)?;
        let (name, invitation) = self.people.invite(&caller, guest).await.map_err(Refused::from)?;
        let account = self.people.account(&name).map_err(Refused::from)?;
        let account = Some(shown_account(&name, &account));
        Ok(Response::new(InviteGuestResponse { account, invitation }))
    }
}
