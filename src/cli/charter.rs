//! `polder charter …`, `party`, `audience`, `member`, `role`, `certify`, `revoke`: what people
//! sign. The statement is made and signed here; the node that is asked only puts it on record.

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use jiff::Zoned;
use polder_picture::{
    attributes::timestamp,
    charter::{
        ANY_INCIDENT, ANY_PARTY, Charter, Item, Standing, body_hash, endorse, item_id, write,
    },
    record::Id,
};
use polder_wire::v1::{
    AddStatementsRequest, Anchor, Audience, CharterChange, CharterParty, CharterStatement,
    Discipline, DisplayName, Founding, GetNodeStatusRequest, ListStatementsRequest, Membership,
    NodeCertificate, Power, Role, RoleGrant, Withdrawal, charter_change::Change,
    charter_service_client::CharterServiceClient, node_service_client::NodeServiceClient,
};
use prost::Message as _;
use tonic::Code;

use super::{
    Context, Misuse,
    args::{
        AudienceArgs, CertifyArgs, CharterCommand, EndorseArgs, FoundArgs, LoadArgs, MemberArgs,
        PartyArgs, PowerArgs, RoleArgs, SaveArgs, SignArgs,
    },
    client::{self, enumeration},
    key::{self, Held},
    say, say_json,
    session::Connection,
};

mod plan;
mod revoke;
mod show;

pub(super) use plan::plan;
pub(super) use revoke::revoke;

/// Statements in one request.
const STATEMENTS_MAX: usize = 100;
/// First digits of an id that are taken for it.
const DIGITS_MIN: usize = 6;

/// `charter …`.
pub(super) async fn run(context: &Context, command: CharterCommand) -> anyhow::Result<u8> {
    match command {
        CharterCommand::Key(args) => key::make(context, &args),
        CharterCommand::Create(args) => found(context, args).await,
        CharterCommand::Show(args) => {
            let charter = Desk::open(context).await?.charter()?;
            show::show(context, &charter, args.all)
        }
        CharterCommand::Power(args) => power(context, args).await,
        CharterCommand::Endorse(args) => endorse_again(context, args).await,
        CharterCommand::Save(args) => save(context, args).await,
        CharterCommand::Load(args) => load(context, args).await,
    }
}

/// A node, and everything that was said there.
pub(super) struct Desk<'a> {
    context: &'a Context,
    channel: Connection,
    charter: Option<Charter>,
}

impl<'a> Desk<'a> {
    pub(super) async fn open(context: &'a Context) -> anyhow::Result<Self> {
        let channel = context.connect().await?;
        let mut client =
            CharterServiceClient::new(channel.clone()).max_decoding_message_size(64 << 20);
        let (mut said, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListStatementsRequest { page_size: 500, page_token };
            let answer = match client.list_statements(request).await {
                Ok(answer) => answer.into_inner(),
                Err(status) if status.code() == Code::NotFound => {
                    return Ok(Self { context, channel, charter: None });
                }
                Err(status) => return Err(status.into()),
            };
            said.extend(answer.statements.into_iter().filter_map(|row| row.statement));
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        let founds = |one: &&CharterStatement| Charter::of_unchecked(one).is_some_and(|of| of.1);
        let founding = said.iter().find(founds).context("the node gave no founding statement")?;
        let mut charter = Charter::found(founding).map_err(|refusal| anyhow!("{refusal}"))?;
        charter.add(&said);
        Ok(Self { context, channel, charter: Some(charter) })
    }

    fn charter(self) -> anyhow::Result<Charter> {
        self.charter.ok_or_else(|| anyhow!("{}", self.context.words.no_charter()))
    }

    pub(super) fn known(&self) -> anyhow::Result<&Charter> {
        self.charter.as_ref().ok_or_else(|| anyhow!("{}", self.context.words.no_charter()))
    }

    /// Changes of one subject that count and that a new one is to replace.
    fn replaced(&self, same: impl Fn(&Change) -> bool) -> anyhow::Result<Vec<Bytes>> {
        let items = self.known()?.items().filter(|item| item.counts);
        let ours = items.filter(|item| item.change.change.as_ref().is_some_and(&same));
        Ok(ours.map(|item| Bytes::copy_from_slice(&item.id.0)).collect())
    }

    async fn send(&self, statements: Vec<CharterStatement>) -> anyhow::Result<Vec<i32>> {
        let mut client = CharterServiceClient::new(self.channel.clone());
        let answer = client.add_statements(AddStatementsRequest { statements }).await?;
        Ok(answer.into_inner().statements.into_iter().map(|row| row.standing).collect())
    }

    async fn sign(self, args: &SignArgs, statement: CharterStatement) -> anyhow::Result<u8> {
        let key = key::open(args, self.context.words)?;
        self.sign_with(&key, statement).await
    }

    /// Signs a statement, puts it on record and says what became of it.
    async fn sign_with(self, key: &Held, mut statement: CharterStatement) -> anyhow::Result<u8> {
        let words = self.context.words;
        let id = key.signer.id();
        if self.charter.as_ref().is_some_and(|charter| {
            let held = charter.statements().find(|held| held.body == statement.body);
            let keys = held.iter().flat_map(|held| &held.endorsements);
            keys.into_iter().any(|one| one.public_key[..] == key.signer.public().as_bytes()[..])
        }) {
            return Err(anyhow!("{}", words.signed_already()).context(Misuse));
        }
        let known = self.charter.as_ref().map_or(1, |charter| charter.next_sequence(id));
        let number = key.next(known)?;
        endorse(&mut statement, &key.signer, number);
        let standing = self.send(vec![statement.clone()]).await?;
        self.told(&statement, number, standing.first().copied().unwrap_or_default())
    }

    fn told(self, statement: &CharterStatement, number: u64, standing: i32) -> anyhow::Result<u8> {
        use polder_wire::v1::Standing as Wire;
        let words = self.context.words;
        let standing = Wire::try_from(standing).unwrap_or_default();
        let hash = body_hash(&statement.body);
        if self.context.common.json {
            let body = polder_wire::v1::CharterBody::decode(statement.body.clone())?;
            let items = (0..body.changes.len()).map(|place| item_id(&hash, place).to_string());
            let (charter, _) = Charter::of_unchecked(statement).context("no charter")?;
            return say_json(&serde_json::json!({
                "charter": charter.to_string(),
                "statement": hex::encode(hash),
                "number": number,
                "standing": standing.as_str_name(),
                "items": items.collect::<Vec<_>>(),
            }))
            .map(|()| 0);
        }
        let said = match standing {
            Wire::Counts => words.counts(),
            Wire::Disputed => words.disputed(),
            _ => words.counts_for_nothing(),
        };
        say(&format!("{said} ({} {number})", words.signature_number()))?;
        if standing != Wire::Counts {
            let start = hex::encode(&hash[..4]);
            say(&format!("  polder charter endorse {start} --key {}", words.key_file()))?;
        }
        Ok(0)
    }

    async fn say(self, args: &SignArgs, changes: Vec<CharterChange>) -> anyhow::Result<u8> {
        let key = key::open(args, self.context.words)?;
        self.say_with(&key, changes, &args.note).await
    }

    /// Says it with a key that is open already.
    pub(super) async fn say_with(
        self,
        key: &Held,
        changes: Vec<CharterChange>,
        note: &str,
    ) -> anyhow::Result<u8> {
        let charter = self.known()?.id();
        let statement = made(Some(charter), changes, note)?;
        self.sign_with(key, statement).await
    }

    /// That a node speaks for parties, in place of what was said of it before.
    pub(super) fn certificate(
        &self,
        public_key: Bytes,
        display_name: String,
        parties: Vec<String>,
    ) -> anyhow::Result<CharterChange> {
        let same =
            |change: &Change| matches!(change, Change::Node(node) if node.public_key == public_key);
        let replaced = self.replaced(same)?;
        let earlier = self.known()?.items().filter_map(|item| match &item.change.change {
            Some(Change::Node(node))
                if node.display_name == display_name && node.public_key != public_key =>
            {
                Some(node.incarnation)
            }
            _ => None,
        });
        let incarnation = earlier.max().unwrap_or_default() + 1;
        let certificate = NodeCertificate { public_key, parties, display_name, incarnation };
        Ok(replacing(Change::Node(certificate), replaced))
    }
}

fn made(
    charter: Option<Id>,
    changes: Vec<CharterChange>,
    note: &str,
) -> anyhow::Result<CharterStatement> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| anyhow!("no random numbers: {error}"))?;
    Ok(write(charter, nonce, timestamp(crate::wall::system_ms()), changes, note))
}

fn change(change: Change) -> CharterChange {
    CharterChange { change: Some(change), replaces: Vec::new() }
}

fn replacing(what: Change, replaces: Vec<Bytes>) -> CharterChange {
    CharterChange { change: Some(what), replaces }
}

fn named(collection: &str, id: &str) -> String {
    format!("{collection}/{}", id.strip_prefix(collection).unwrap_or(id).trim_start_matches('/'))
}

fn parties(ids: &[String]) -> Vec<String> {
    ids.iter().map(|id| named("parties", id)).collect()
}

fn public_key(text: &str) -> anyhow::Result<Bytes> {
    let bytes = hex::decode(text.trim()).ok().filter(|bytes| bytes.len() == 32);
    let bytes = bytes.ok_or_else(|| anyhow!("{text:?} is no public key of 64 hex digits"));
    Ok(bytes.context(Misuse)?.into())
}

/// Names as people type them: `Politie`, or `en=Police`.
fn names(typed: &[String], id: &str) -> Vec<DisplayName> {
    if typed.is_empty() {
        return vec![DisplayName { language: "nl".into(), text: id.into() }];
    }
    let one = |typed: &String| match typed.split_once('=') {
        Some((language, text)) => DisplayName { language: language.into(), text: text.into() },
        None => DisplayName { language: "nl".into(), text: typed.clone() },
    };
    typed.iter().map(one).collect()
}

async fn found(context: &Context, args: FoundArgs) -> anyhow::Result<u8> {
    let desk = Desk::open(context).await?;
    if desk.charter.is_some() {
        return Err(anyhow!("{}", context.words.has_charter()));
    }
    let own = key::open(&args.sign, context.words)?.signer.public();
    let own = (hex::encode(own.as_bytes()), args.holder);
    let anchors = std::iter::once(&own).chain(&args.anchor).map(|(key, holder)| {
        Ok(Anchor { public_key: public_key(key)?, display_name: holder.clone() })
    });
    let founding = Founding {
        display_name: args.name,
        anchors: anchors.collect::<anyhow::Result<_>>()?,
        anchors_needed: args.needed,
    };
    let statement = made(None, vec![change(Change::Founding(founding))], &args.sign.note)?;
    desk.sign(&args.sign, statement).await
}

async fn power(context: &Context, args: PowerArgs) -> anyhow::Result<u8> {
    let desk = Desk::open(context).await?;
    let (public_key, display_name) = (public_key(&args.public_key)?, args.holder);
    if args.anchor {
        let anchor = Change::Anchor(Anchor { public_key, display_name });
        return desk.say(&args.sign, vec![change(anchor)]).await;
    }
    if !args.everything && args.party.is_empty() && args.incident.is_empty() {
        let told = "say what it may sign: --anchor, --everything, --party or --incident";
        return Err(anyhow!(told).context(Misuse));
    }
    let incident = |id: &String| match id.as_str() {
        "all" => ANY_INCIDENT.to_owned(),
        id => named("incidents", id),
    };
    let power = Change::Power(Power {
        public_key,
        display_name,
        charter: args.everything,
        parties: parties(&args.party),
        incidents: args.incident.iter().map(incident).collect(),
    });
    desk.say(&args.sign, vec![change(power)]).await
}

async fn endorse_again(context: &Context, args: EndorseArgs) -> anyhow::Result<u8> {
    let desk = Desk::open(context).await?;
    let wanted = args.statement.to_lowercase();
    let named = |one: &CharterStatement| hex::encode(body_hash(&one.body)).starts_with(&wanted);
    let mut found: Vec<_> = desk.known()?.statements().filter(named).collect();
    match (found.pop(), found.is_empty()) {
        (Some(mut statement), true) if wanted.len() >= DIGITS_MIN => {
            statement.endorsements.clear();
            desk.sign(&args.sign, statement).await
        }
        _ => Err(anyhow!("{:?}: {}", args.statement, context.words.which_id()).context(Misuse)),
    }
}

async fn save(context: &Context, args: SaveArgs) -> anyhow::Result<u8> {
    let charter = Desk::open(context).await?.charter()?;
    let first = |one: &CharterStatement| !Charter::of_unchecked(one).is_some_and(|of| of.1);
    let mut statements: Vec<_> = charter.statements().collect();
    statements.sort_by_key(first);
    let count = statements.len();
    let bytes = AddStatementsRequest { statements }.encode_to_vec();
    crate::store::directory::write_durably(&args.file, &bytes, 0o644)?;
    if context.common.json {
        say_json(&serde_json::json!({ "file": args.file, "statements": count }))?;
    } else {
        let (words, file) = (context.words, args.file.display());
        say(&format!("{} {file}: {count} {}", words.charter_written(), words.statements()))?;
    }
    Ok(0)
}

async fn load(context: &Context, args: LoadArgs) -> anyhow::Result<u8> {
    let path = args.file.display();
    let bytes = std::fs::read(&args.file).with_context(|| format!("{path}")).context(Misuse)?;
    let read = AddStatementsRequest::decode(&bytes[..]).unwrap_or_default();
    // Bytes that are something else may decode as well: to nothing that anybody said.
    let sound = |one: &CharterStatement| Charter::of_unchecked(one).is_some();
    if read.statements.is_empty() || !read.statements.iter().all(sound) {
        let none = anyhow!("{path}: {}", context.words.no_charter_file());
        return Err(none.context(Misuse));
    }
    let statements = read.statements;
    let desk = Desk { context, channel: context.connect().await?, charter: None };
    for some in statements.chunks(STATEMENTS_MAX) {
        desk.send(some.to_vec()).await?;
    }
    let count = statements.len();
    if context.common.json {
        say_json(&serde_json::json!({ "statements": count }))?;
    } else {
        say(&format!("{}: {count} {}", context.words.taken(), context.words.statements()))?;
    }
    Ok(0)
}

/// `party`.
pub(super) async fn party(context: &Context, args: PartyArgs) -> anyhow::Result<u8> {
    let desk = Desk::open(context).await?;
    let name = named("parties", &args.id);
    let discipline = enumeration("DISCIPLINE", &args.discipline, Discipline::from_str_name)?;
    let same = |change: &Change| matches!(change, Change::Party(party) if party.name == name);
    let replaced = desk.replaced(same)?;
    let party = CharterParty {
        display_names: names(&args.names, &args.id),
        name: name.clone(),
        discipline: discipline.into(),
        country: args.country,
        contact: args.contact,
    };
    desk.say(&args.sign, vec![replacing(Change::Party(party), replaced)]).await
}

/// `audience`.
pub(super) async fn audience(context: &Context, args: AudienceArgs) -> anyhow::Result<u8> {
    let desk = Desk::open(context).await?;
    let name = named("audiences", &args.id);
    let same = |change: &Change| matches!(change, Change::Audience(one) if one.name == name);
    let replaced = desk.replaced(same)?;
    let known: Vec<_> = desk.known()?.parties().map(|(id, _)| id.to_owned()).collect();
    let stranger = args.party.iter().find(|id| {
        let id = id.trim_start_matches("parties/");
        !known.iter().any(|known| known == id)
    });
    if let Some(stranger) = stranger {
        return Err(anyhow!("{stranger:?}: {}", context.words.no_party()).context(Misuse));
    }
    let audience = Audience {
        name: name.clone(),
        display_names: names(&args.names, &args.id),
        parties: parties(&args.party),
    };
    desk.say(&args.sign, vec![replacing(Change::Audience(audience), replaced)]).await
}

/// `member`.
pub(super) async fn member(context: &Context, args: MemberArgs) -> anyhow::Result<u8> {
    let desk = Desk::open(context).await?;
    let incident = named("incidents", &args.incident);
    let mut who = parties(&args.parties);
    if args.everybody {
        who.push(ANY_PARTY.to_owned());
    }
    if let Some(reason) = &args.end {
        let ours = |change: &Change| {
            matches!(change, Change::Membership(one)
                if one.incident == incident && who.contains(&one.party))
        };
        return desk.end(&args.sign, ours, reason).await;
    }
    let one = |party| change(Change::Membership(Membership { incident: incident.clone(), party }));
    desk.say(&args.sign, who.into_iter().map(one).collect()).await
}

/// `role`.
pub(super) async fn role(context: &Context, args: RoleArgs) -> anyhow::Result<u8> {
    let desk = Desk::open(context).await?;
    let near = Zoned::now();
    let grant = RoleGrant {
        person: args.person,
        party: named("parties", &args.party),
        role: enumeration("ROLE", &args.role, Role::from_str_name)?.into(),
        incident: args.incident.map(|id| named("incidents", &id)).unwrap_or_default(),
        expire_time: args.until.as_deref().map(|at| client::moment(at, &near)).transpose()?,
    };
    if let Some(reason) = &args.end {
        let ours = |change: &Change| {
            matches!(change, Change::Role(one) if one.person == grant.person
                && (&one.party, one.role, &one.incident)
                    == (&grant.party, grant.role, &grant.incident))
        };
        return desk.end(&args.sign, ours, reason).await;
    }
    desk.say(&args.sign, vec![change(Change::Role(grant))]).await
}

/// `certify`.
pub(super) async fn certify(context: &Context, args: CertifyArgs) -> anyhow::Result<u8> {
    let desk = Desk::open(context).await?;
    let (key, display_name) = match (&args.public_key, args.name) {
        (Some(key), Some(name)) => (public_key(key)?, name),
        (Some(_), None) => {
            return Err(anyhow!("--public-key needs --name: whose node it is").context(Misuse));
        }
        (None, name) => {
            let mut node = NodeServiceClient::new(desk.channel.clone());
            let status = node.get_node_status(GetNodeStatusRequest {}).await?.into_inner();
            (status.public_key, name.unwrap_or(status.display_name))
        }
    };
    let certificate = desk.certificate(key, display_name, parties(&args.party))?;
    desk.say(&args.sign, vec![certificate]).await
}

fn withdrawal(item: Id, reason: &str) -> Change {
    Change::Withdrawal(Withdrawal {
        item: Bytes::copy_from_slice(&item.0),
        reason: reason.to_owned(),
    })
}

impl Desk<'_> {
    /// Withdraws what counts now.
    async fn end(
        self,
        args: &SignArgs,
        ours: impl Fn(&Change) -> bool,
        reason: &str,
    ) -> anyhow::Result<u8> {
        let items = self.known()?.items().filter(|item| item.counts);
        let items = items.filter(|item| item.change.change.as_ref().is_some_and(&ours));
        let changes: Vec<_> = items.map(|item| change(withdrawal(item.id, reason))).collect();
        if changes.is_empty() {
            return Err(anyhow!("{}", self.context.words.nothing_to_end()));
        }
        self.say(args, changes).await
    }
}

/// Whether the statement that says it counts.
fn standing_of(charter: &Charter, item: &Item<'_>) -> Standing {
    charter.standing(&item.statement).unwrap_or(Standing::CountsForNothing)
}
