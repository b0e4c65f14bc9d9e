//! People: `login`, `logout`, `whoami`, `account …`, `guest …` and `release`.

use anyhow::{Context as _, anyhow};
use jiff::{Timestamp, Zoned};
use polder_picture::attributes::{millis, timestamp};
use polder_wire::v1::{
    Account, Caller, CallerKind, DeleteAccountRequest, Entry, GetCallerRequest, Grant,
    InviteGuestRequest, ListAccountsRequest, PassphraseSignIn, ReleaseEntryRequest, Role,
    SetAccountRequest, SignInRequest, SignOutRequest, Text,
    people_service_client::PeopleServiceClient, sign_in_request::Means,
};
use prost::Message as _;
use uuid::Uuid;

use super::{
    Context, Misuse,
    args::{
        AccountArgs, AccountCommand, GuestCommand, InviteGuestArgs, LoginArgs, ReleaseArgs,
        SetAccountArgs,
    },
    client::{self, enumeration, moment},
    key::{asked, chosen_passphrase, passphrase_of},
    say, say_json,
    session::{self, Connection, Kept},
    words::Words,
};
use crate::json;

type Client = PeopleServiceClient<Connection>;

/// `login`.
pub(super) async fn login(context: &Context, args: LoginArgs) -> anyhow::Result<u8> {
    let words = context.words;
    let means = match args.invitation {
        Some(_) if args.account.is_some() || args.passphrase_file.is_some() => {
            let told = "a name and passphrase, or --invitation: say one of the two";
            return Err(anyhow!(told).context(Misuse));
        }
        Some(invitation) => Means::Invitation(invitation),
        None => {
            let passphrase = match &args.passphrase_file {
                Some(file) => passphrase_of(file)?,
                None => asked(words.passphrase())?,
            };
            let account = args.account.unwrap_or_default();
            Means::Passphrase(PassphraseSignIn { account, passphrase })
        }
    };
    let mut client = Client::new(context.connect_as(None).await?);
    let answer = client.sign_in(SignInRequest { means: Some(means) }).await?.into_inner();
    let caller = answer.caller.unwrap_or_default();
    if args.print {
        say(&answer.token)?;
        return Ok(0);
    }
    let kept = Kept { person: caller.person.clone(), token: answer.token };
    let file = session::keep(context.node(), Some(kept))?;
    if context.common.json {
        say_json(&json::from_message("Caller", &caller)?)?;
        return Ok(0);
    }
    let until = told_time(context, answer.expire_time.as_ref());
    say(&format!("{} {} ({} {until})", words.signed_in(), named(&caller), words.until()))?;
    say(&format!("{} {}", words.session_kept(), file.display()))?;
    tell(context, &caller)?;
    Ok(0)
}

/// `logout`.
pub(super) async fn logout(context: &Context) -> anyhow::Result<u8> {
    let told = match context.connect().await {
        Ok(channel) => Client::new(channel).sign_out(SignOutRequest {}).await.err(),
        Err(error) => return Err(error),
    };
    session::keep(context.node(), None)?;
    // A session that had ended before is as good.
    if let Some(status) = told.filter(|status| status.code() != tonic::Code::Unauthenticated) {
        return Err(status.into());
    }
    say(context.words.signed_out())?;
    Ok(0)
}

/// `whoami`.
pub(super) async fn whoami(context: &Context) -> anyhow::Result<u8> {
    let mut client = Client::new(context.connect().await?);
    let caller = client.get_caller(GetCallerRequest {}).await?.into_inner().caller;
    let caller = caller.unwrap_or_default();
    if context.common.json {
        say_json(&json::from_message("Caller", &caller)?)?;
        return Ok(0);
    }
    say(&format!("{} {}", words_of(context.words, &caller), named(&caller)))?;
    tell(context, &caller)?;
    Ok(0)
}

fn words_of(words: Words, caller: &Caller) -> &'static str {
    match caller.kind() {
        CallerKind::Operator => words.caller_operator(),
        CallerKind::Provider => words.caller_provider(),
        CallerKind::Guest => words.caller_guest(),
        CallerKind::System => words.caller_system(),
        CallerKind::Account | CallerKind::Unspecified => words.caller_account(),
    }
}

fn named(caller: &Caller) -> String {
    match (caller.person.is_empty(), caller.display_name.is_empty()) {
        (true, _) => String::new(),
        (false, true) => caller.person.clone(),
        (false, false) => format!("{} ({})", caller.display_name, caller.person),
    }
}

fn tell(context: &Context, caller: &Caller) -> anyhow::Result<()> {
    for grant in &caller.grants {
        say(&format!("    {}", grant_line(context, grant)))?;
    }
    let words = context.words;
    if caller.grants.is_empty() && caller.kind() != CallerKind::Operator {
        say(&format!("    {}", words.no_grants()))?;
    }
    let rights: Vec<_> = caller.rights.iter().map(|right| words.right(right)).collect();
    if !rights.is_empty() {
        say(&format!("    {}: {}", words.may(), rights.join(", ")))?;
    }
    Ok(())
}

fn grant_line(context: &Context, grant: &Grant) -> String {
    let words = context.words;
    let bare = |name: &str| name.split_once('/').map_or(name.to_owned(), |(_, id)| id.to_owned());
    let mut line = format!("{} · {}", words.role(grant.role()), bare(&grant.party));
    if !grant.incident.is_empty() {
        line.push_str(&format!(" · {}", bare(&grant.incident)));
    }
    if !grant.audiences.is_empty() {
        let audiences: Vec<_> = grant.audiences.iter().map(|name| bare(name)).collect();
        line.push_str(&format!(" · {} {}", words.sees(), audiences.join(", ")));
    }
    if grant.expire_time.is_some() {
        let until = told_time(context, grant.expire_time.as_ref());
        line.push_str(&format!(" · {} {until}", words.until()));
    }
    line
}

fn told_time(context: &Context, time: Option<&prost_types::Timestamp>) -> String {
    time.map(|time| context.lines.moment(millis(time))).unwrap_or_default()
}

/// `account …`.
pub(super) async fn account(context: &Context, command: AccountCommand) -> anyhow::Result<u8> {
    match command {
        AccountCommand::Set(args) => set_account(context, args).await,
        AccountCommand::List => list(context, |_| true).await,
        AccountCommand::Remove(args) => {
            remove(context, &args, context.words.account_removed()).await
        }
    }
}

/// `guest …`.
pub(super) async fn guest(context: &Context, command: GuestCommand) -> anyhow::Result<u8> {
    match command {
        GuestCommand::Invite(args) => invite(context, args).await,
        GuestCommand::List => list(context, |account| account.guest).await,
        GuestCommand::End(args) => remove(context, &args, context.words.guest_ended()).await,
    }
}

async fn all(client: &mut Client) -> anyhow::Result<Vec<Account>> {
    let mut accounts = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListAccountsRequest { page_size: 1_000, page_token };
        let page = client.list_accounts(request).await?.into_inner();
        accounts.extend(page.accounts);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(accounts);
        }
    }
}

fn full(account: &str) -> String {
    format!("accounts/{}", account.trim_start_matches("accounts/").to_lowercase())
}

fn grant_of(text: &str) -> anyhow::Result<Grant> {
    let mut parts = text.split(':');
    let (role, party) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let incident = parts.next().unwrap_or_default();
    if party.is_empty() || parts.next().is_some() {
        let told = format!("{text:?} should be ROLE:PARTY or ROLE:PARTY:INCIDENT");
        return Err(anyhow!(told).context(Misuse));
    }
    let role = enumeration("ROLE", role, Role::from_str_name)?;
    let bare = |text: &str, collection: &str| text.trim_start_matches(collection).to_owned();
    let incident = match incident {
        "" => String::new(),
        id => format!("incidents/{}", bare(id, "incidents/")),
    };
    let party = format!("parties/{}", bare(party, "parties/"));
    Ok(Grant { role: role.into(), party, incident, ..Default::default() })
}

async fn set_account(context: &Context, args: SetAccountArgs) -> anyhow::Result<u8> {
    let grants = args.roles.iter().map(|text| grant_of(text)).collect::<Result<Vec<_>, _>>()?;
    let mut client = Client::new(context.connect().await?);
    let name = full(&args.account);
    let known = all(&mut client).await?.into_iter().find(|account| account.name == name);
    let asks = args.passphrase || !known.as_ref().is_some_and(|known| known.has_passphrase);
    let passphrase = match &args.passphrase_file {
        Some(file) => passphrase_of(file)?,
        None if args.no_passphrase || !asks => String::new(),
        None => chosen_passphrase(context.words)?,
    };
    let mut account = known.unwrap_or_else(|| Account { name, ..Default::default() });
    account.display_name = args.name.unwrap_or(account.display_name);
    if !grants.is_empty() {
        account.grants = grants;
    }
    account.disabled = (account.disabled || args.disable) && !args.enable;
    let request = SetAccountRequest { account: Some(account), passphrase };
    let account = client.set_account(request).await?.into_inner().account.unwrap_or_default();
    shown(context, &account)?;
    Ok(0)
}

fn shown(context: &Context, account: &Account) -> anyhow::Result<()> {
    if context.common.json {
        return say_json(&json::from_message("Account", account)?);
    }
    let words = context.words;
    let mut line = account.name.trim_start_matches("accounts/").to_owned();
    if !account.display_name.is_empty() {
        line.push_str(&format!(" ({})", account.display_name));
    }
    let marks = [
        (account.guest, words.guest()),
        (account.disabled, words.disabled()),
        (!account.guest && !account.has_passphrase, words.no_passphrase()),
    ];
    for (_, mark) in marks.into_iter().filter(|(holds, _)| *holds) {
        line.push_str(&format!(" [{mark}]"));
    }
    say(&line)?;
    for grant in &account.grants {
        say(&format!("    {}", grant_line(context, grant)))?;
    }
    let last = match &account.sign_in_time {
        Some(time) => told_time(context, Some(time)),
        None => words.never().to_owned(),
    };
    say(&format!("    {}: {last}", words.last_sign_in()))
}

async fn list(context: &Context, which: impl Fn(&Account) -> bool) -> anyhow::Result<u8> {
    let mut client = Client::new(context.connect().await?);
    let accounts: Vec<_> = all(&mut client).await?.into_iter().filter(which).collect();
    for account in &accounts {
        shown(context, account)?;
    }
    if accounts.is_empty() && !context.common.json {
        say(context.words.no_accounts())?;
    }
    Ok(0)
}

async fn remove(context: &Context, args: &AccountArgs, done: &str) -> anyhow::Result<u8> {
    let mut client = Client::new(context.connect().await?);
    client.delete_account(DeleteAccountRequest { name: full(&args.account) }).await?;
    say(done)?;
    Ok(0)
}

async fn invite(context: &Context, args: InviteGuestArgs) -> anyhow::Result<u8> {
    let channel = context.connect().await?;
    let incident = client::incident(&channel, args.incident.as_deref(), context.words).await?;
    let expire_time = match humantime::parse_duration(&args.until) {
        Ok(duration) => {
            let until = Timestamp::now().checked_add(duration).context("too far away")?;
            timestamp(until.as_millisecond())
        }
        Err(_) => moment(&args.until, &Zoned::now())?,
    };
    let role = if args.may_report { Role::Liaison } else { Role::Reader };
    let party = args.party.map(|id| format!("parties/{}", id.trim_start_matches("parties/")));
    let request = InviteGuestRequest {
        display_name: args.name,
        incident: incident.name,
        audiences: args.audience.iter().map(|id| client::audience_name(id)).collect(),
        party: party.unwrap_or_default(),
        role: role.into(),
        expire_time: Some(expire_time),
    };
    let invited = Client::new(channel).invite_guest(request).await?.into_inner();
    let account = invited.account.unwrap_or_default();
    if context.common.json {
        let mut value = json::from_message("Account", &account)?;
        value["invitation"] = invited.invitation.into();
        say_json(&value)?;
        return Ok(0);
    }
    let words = context.words;
    shown(context, &account)?;
    say(&format!("{}: {}", words.invitation(), invited.invitation))?;
    say(words.invitation_advice())?;
    Ok(0)
}

/// `release`.
pub(super) async fn release(context: &Context, args: ReleaseArgs) -> anyhow::Result<u8> {
    let mut client = client::picture(context.connect().await?);
    let text =
        args.title.map(|title| Text { language: args.text_lang, title, ..Default::default() });
    let request = ReleaseEntryRequest {
        request_id: Uuid::new_v4().to_string(),
        name: args.name,
        audience: client::audience_name(&args.audience),
        texts: text.into_iter().collect(),
        without_sources: args.without_sources,
    };
    let entry = client.release_entry(request).await?.into_inner().entry;
    let entry = Entry::decode(entry)?;
    if context.common.json {
        say_json(&json::from_message("Entry", &entry)?)?;
    } else {
        say(&format!("{}: {}", context.words.released(), entry.name))?;
    }
    Ok(0)
}
