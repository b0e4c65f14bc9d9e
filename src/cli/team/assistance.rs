//! `polder assistance`: what help was asked, offered, accepted, and where it is.

use anyhow::bail;
use bytes::Bytes;
use jiff::Zoned;
use polder_picture::kinds::support_word;
use polder_wire::v1::{
    AcceptedOffer, Assessment, Assistance, AssistanceCount, AssistanceOffer, AssistancePart,
    AssistanceRequest, AssistanceTrouble, Count, CountBasis, Entry, HelpCosts, HelpTransport,
    HostSupport, Incident, ListAssistanceRequest, ListAssistanceResponse, OfferState, PublishItem,
    ReliefModule, RequestState, Statement, Times, Urgency, VersionList, entry::Body,
};
use prost::Message as _;
use prost_types::Timestamp;

use super::{Asked, asked, publish_item, service};
use crate::{
    cli::{
        Context,
        args::{
            AcceptArgs, AskArgs, AskForArgs, AssistanceAction, AssistanceArgs, MoveArgs, OfferArgs,
            SpeakArgs,
        },
        client, say, say_json,
        session::Connection,
        show::Lines,
    },
    json,
};

pub(in crate::cli) async fn assistance(
    context: &Context,
    args: AssistanceArgs,
) -> anyhow::Result<u8> {
    match args.action {
        None => list(context, &args.ask, args.open).await,
        Some(AssistanceAction::Ask(args)) => ask(context, args).await,
        Some(AssistanceAction::Offer(args)) => offer(context, args).await,
        Some(AssistanceAction::Accept(args)) => accept(context, args).await,
        Some(AssistanceAction::Move(args)) => moved(context, args).await,
    }
}

async fn list(context: &Context, ask: &AskArgs, only_open: bool) -> anyhow::Result<u8> {
    let Asked { channel, incident, known_at, lines } = asked(context, ask).await?;
    let request = ListAssistanceRequest { incident: incident.name, known_at, only_open };
    let answer = service(channel).list_assistance(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("ListAssistanceResponse", &answer)?)?;
    } else {
        print_assistance(&lines, &answer)?;
    }
    Ok(0)
}

/// Prints requests with their offers.
pub(in crate::cli) fn print_assistance(
    lines: &Lines,
    answer: &ListAssistanceResponse,
) -> anyhow::Result<()> {
    let words = lines.words;
    if answer.requests.is_empty() && answer.free_offers.is_empty() {
        return say(words.no_assistance());
    }
    for one in &answer.requests {
        print_request(lines, one)?;
    }
    if answer.requests_left_out > 0 {
        let more = format!("({} {})", answer.requests_left_out, words.requests_more());
        say(&lines.faint(&more))?;
    }
    if !answer.free_offers.is_empty() {
        say(&lines.heading(words.free_offers()))?;
    }
    for offer in &answer.free_offers {
        let offer = Entry::decode(offer.clone())?;
        say(&format!("  {} {}", lines.faint(short(&offer.name)), lines.entry(&offer)))?;
    }
    if answer.free_offers_left_out > 0 {
        let more = format!("({} {})", answer.free_offers_left_out, words.offers_more());
        say(&lines.faint(&more))?;
    }
    Ok(())
}

fn print_request(lines: &Lines, one: &Assistance) -> anyhow::Result<()> {
    let words = lines.words;
    let request = Entry::decode(one.request.clone())?;
    let state = format!("[{}]", words.request_state(one.state()));
    let state = match (one.overdue, one.short > 0) {
        (true, _) => lines.alarm(&format!("[{}]", words.help_late())),
        (false, true) => lines.warn(&state),
        _ => lines.faint(&state),
    };
    let mut head = format!("{state} {} {}", lines.faint(short(&request.name)), need(&request));
    if one.disputed {
        head.push_str(&format!(" {}", lines.alarm(&format!("[{}]", words.differ()))));
    }
    say(&head)?;
    say(&format!("    {}", sums(lines, one)))?;
    for part in &one.parts {
        print_part(lines, part)?;
    }
    if one.parts_left_out > 0 {
        let more = format!("({} {})", one.parts_left_out, words.offers_more());
        say(&lines.faint(&format!("    {more}")))?;
    }
    Ok(())
}

/// Who asks whom for what.
fn need(entry: &Entry) -> String {
    let Some(Body::AssistanceRequest(body)) = &entry.body else { return String::new() };
    let to = party(&body.addressee);
    let to = if to.is_empty() { String::new() } else { format!(" → {to}") };
    format!("{}{to}: {}", party(&entry.party), body.need)
}

fn party(name: &str) -> &str {
    name.trim_start_matches("parties/")
}

fn sums(lines: &Lines, one: &Assistance) -> String {
    let words = lines.words;
    let count = one.count.unwrap_or_default();
    let number = |number: i64| words.0.whole(number);
    let mut parts = Vec::new();
    if one.asked > 0 {
        parts.push(format!("{} {}", words.asked_for(), number(one.asked)));
    }
    parts.push(format!("{} {}", words.accepted(), number(count.accepted)));
    if one.short > 0 {
        parts.push(lines.alarm(&format!("{} {}", words.short(), number(one.short))));
    }
    parts.extend(places(lines, &count));
    parts.join(" · ")
}

fn places(lines: &Lines, count: &AssistanceCount) -> impl Iterator<Item = String> + use<> {
    let words = lines.words;
    let counts = [
        (words.to_be_had(), count.open),
        (words.en_route(), count.en_route),
        (words.arrived(), count.arrived),
        (words.given_back(), count.released),
    ];
    let some = counts.into_iter().filter(|(_, number)| *number > 0);
    some.map(move |(word, number)| format!("{word} {}", words.0.whole(number)))
}

fn print_part(lines: &Lines, part: &AssistancePart) -> anyhow::Result<()> {
    let words = lines.words;
    let count = part.count.unwrap_or_default();
    let what = match part.entry.is_empty() {
        true => words.offer_unseen().to_owned(),
        false => {
            let entry = Entry::decode(part.entry.clone())?;
            let Some(Body::AssistanceOffer(body)) = &entry.body else { return Ok(()) };
            let quantity = body.quantity.as_ref().map_or(0, |quantity| quantity.value);
            format!("{}: {} {}", party(&entry.party), words.0.whole(quantity), body.means)
        }
    };
    let accepted = format!("{} {}", words.accepted(), words.0.whole(count.accepted));
    let counts: Vec<_> = [accepted].into_iter().chain(places(lines, &count)).collect();
    let mut line =
        format!("    - {} {what} · {}", lines.faint(short(&part.offer)), counts.join(" · "));
    for trouble in part.troubles().filter(|trouble| *trouble != AssistanceTrouble::Unseen) {
        let mut what = words.trouble(trouble).to_owned();
        if trouble == AssistanceTrouble::Unsupported {
            let lacking = part.lacking_support().map(|one| support_word(one, words.0));
            what.push_str(&format!(": {}", lacking.collect::<Vec<_>>().join(", ")));
        }
        line.push_str(&format!(" {}", lines.warn(&format!("[{what}]"))));
    }
    say(&line)
}

fn short(name: &str) -> &str {
    let id = name.rsplit('/').next().unwrap_or_default();
    id.split('-').next().unwrap_or_default()
}

async fn ask(context: &Context, args: AskForArgs) -> anyhow::Result<u8> {
    let (channel, incident) = speak(context, &args.speak).await?;
    let body = AssistanceRequest {
        need: args.need,
        quantity: Some(counted(args.quantity.into())),
        addressee: args.of.map(|of| format!("parties/{}", party(&of))).unwrap_or_default(),
        state: RequestState::Asked.into(),
        needed_by: moment(args.by.as_deref())?,
        number: args.abroad.number,
        module: module(args.abroad.module.as_deref())?,
        entry_point: args.abroad.entry_point,
        provided_support: support(&args.has)?,
        ..AssistanceRequest::default()
    };
    let urgency = if args.urgent { Urgency::Immediate } else { Urgency::Unspecified };
    let entry = Entry {
        statement: Statement::Bottleneck.into(),
        assessment: Some(Assessment { urgency: urgency.into(), ..Assessment::default() }),
        body: Some(Body::AssistanceRequest(body)),
        ..begun(&incident, args.speak.party.as_deref())
    };
    publish(context, channel, &entry, None).await
}

async fn offer(context: &Context, args: OfferArgs) -> anyhow::Result<u8> {
    let (channel, incident) = speak(context, &args.speak).await?;
    let request = match &args.request {
        Some(request) => {
            let known = known(channel.clone(), &incident).await?;
            named(context, &known.requests, request)?.name
        }
        None => String::new(),
    };
    let body = AssistanceOffer {
        means: args.means,
        quantity: Some(counted(args.quantity.into())),
        request,
        state: OfferState::Offered.into(),
        expected_arrival_time: moment(args.arrives.as_deref())?,
        host_support: args.needs,
        number: args.abroad.number,
        module: module(args.abroad.module.as_deref())?,
        transport: one_word(
            "HELP_TRANSPORT",
            args.transport.as_deref(),
            HelpTransport::from_str_name,
        )?,
        entry_point: args.abroad.entry_point,
        costs: one_word("HELP_COSTS", args.costs.as_deref(), HelpCosts::from_str_name)?,
        needed_support: support(&args.support)?,
        ..AssistanceOffer::default()
    };
    let entry = Entry {
        statement: Statement::Fact.into(),
        times: Some(Times { valid_until: moment(args.until.as_deref())?, ..Times::default() }),
        body: Some(Body::AssistanceOffer(body)),
        ..begun(&incident, args.speak.party.as_deref())
    };
    publish(context, channel, &entry, None).await
}

async fn accept(context: &Context, args: AcceptArgs) -> anyhow::Result<u8> {
    let words = context.words;
    let (channel, incident) = open(context, args.incident.as_deref()).await?;
    let known = known(channel.clone(), &incident).await?;
    let offer = offer_named(context, &known, &args.offer)?;
    let Some(Body::AssistanceOffer(offered)) = &offer.body else {
        bail!("{} {}", words.no_such_offer(), args.offer);
    };
    let wanted = args.request.as_deref().unwrap_or(&offered.request);
    if wanted.is_empty() {
        bail!("{}", words.which_request());
    }
    let mut request = named(context, &known.requests, wanted)?;
    let is_row = |row: &&Assistance| {
        Entry::decode(row.request.clone()).is_ok_and(|entry| entry.name == request.name)
    };
    let row = known.requests.iter().find(is_row);
    let part = row.and_then(|row| row.parts.iter().find(|part| part.offer == offer.name));
    let quantity = offered.quantity.as_ref().map_or(0, |quantity| quantity.value);
    let open = part.and_then(|part| part.count).map_or(quantity, |count| count.open);
    let Some(Body::AssistanceRequest(body)) = &mut request.body else {
        bail!("{} {wanted}", words.no_such_request());
    };
    let held = body.accepted.iter().position(|one| one.offer == offer.name);
    let already = held.map_or(0, |at| body.accepted[at].quantity);
    let quantity = match (args.quantity, row) {
        (Some(quantity), _) => quantity,
        (None, Some(row)) => {
            let more = if row.asked > 0 { open.min(row.short) } else { open };
            already.saturating_add(i32::try_from(more).unwrap_or(i32::MAX))
        }
        (None, None) => i32::try_from(open).unwrap_or(i32::MAX),
    };
    match held {
        Some(at) => body.accepted[at].quantity = quantity,
        None => body.accepted.push(AcceptedOffer { offer: offer.name.clone(), quantity }),
    }
    publish_next(context, channel, request).await
}

async fn moved(context: &Context, args: MoveArgs) -> anyhow::Result<u8> {
    let (channel, incident) = open(context, args.incident.as_deref()).await?;
    let known = known(channel.clone(), &incident).await?;
    let mut offer = offer_named(context, &known, &args.offer)?;
    if let Some(Body::AssistanceOffer(body)) = &mut offer.body {
        let changes = [
            (&mut body.en_route, args.en_route),
            (&mut body.arrived, args.arrived),
            (&mut body.released, args.released),
        ];
        for (field, number) in changes {
            *field = number.unwrap_or(*field);
        }
        if args.withdraw {
            body.state = OfferState::Withdrawn.into();
        }
    }
    publish_next(context, channel, offer).await
}

async fn open(context: &Context, incident: Option<&str>) -> anyhow::Result<(Connection, Incident)> {
    let channel = context.connect().await?;
    let incident = client::incident(&channel, incident, context.words).await?;
    Ok((channel, incident))
}

async fn speak(context: &Context, args: &SpeakArgs) -> anyhow::Result<(Connection, Incident)> {
    open(context, args.incident.as_deref()).await
}

async fn known(channel: Connection, incident: &Incident) -> anyhow::Result<ListAssistanceResponse> {
    let request = ListAssistanceRequest { incident: incident.name.clone(), ..Default::default() };
    Ok(service(channel).list_assistance(request).await?.into_inner())
}

fn begun(incident: &Incident, party: Option<&str>) -> Entry {
    let party = party.map(|id| format!("parties/{}", self::party(id))).unwrap_or_default();
    Entry { name: incident.name.clone(), party, ..Entry::default() }
}

fn counted(value: i64) -> Count {
    Count { value, basis: CountBasis::Counted.into(), ..Count::default() }
}

fn moment(text: Option<&str>) -> anyhow::Result<Option<Timestamp>> {
    text.map(|text| client::moment(text, &Zoned::now())).transpose()
}

/// A value of an enumeration, by its last words; nothing said: unspecified.
fn one_word<E: Into<i32>>(
    of: &'static str,
    word: Option<&str>,
    read: fn(&str) -> Option<E>,
) -> anyhow::Result<i32> {
    word.map_or(Ok(0), |word| Ok(client::enumeration(of, word, read)?.into()))
}

fn module(word: Option<&str>) -> anyhow::Result<i32> {
    one_word("RELIEF_MODULE", word, ReliefModule::from_str_name)
}

fn support(words: &[String]) -> anyhow::Result<Vec<i32>> {
    let one = |word: &String| one_word("HOST_SUPPORT", Some(word), HostSupport::from_str_name);
    words.iter().map(one).collect()
}

/// The one entry whose name begins so.
fn one_of(
    entries: impl Iterator<Item = Bytes>,
    wanted: &str,
) -> anyhow::Result<Result<Entry, bool>> {
    let begins = wanted.rsplit('/').next().unwrap_or_default().to_lowercase();
    let mut found: Option<Entry> = None;
    for entry in entries.filter(|entry| !entry.is_empty()) {
        let entry = Entry::decode(entry)?;
        let id = entry.name.rsplit('/').next().unwrap_or_default();
        if begins.is_empty() || !id.starts_with(&begins) {
            continue;
        }
        if found.as_ref().is_some_and(|one| one.name != entry.name) {
            return Ok(Err(true));
        }
        found = Some(entry);
    }
    Ok(found.ok_or(false))
}

fn named(context: &Context, rows: &[Assistance], wanted: &str) -> anyhow::Result<Entry> {
    let words = context.words;
    match one_of(rows.iter().map(|row| row.request.clone()), wanted)? {
        Ok(entry) => Ok(entry),
        Err(true) => bail!("{} {wanted}", words.several_requests()),
        Err(false) => bail!("{} {wanted}", words.no_such_request()),
    }
}

fn offer_named(
    context: &Context,
    known: &ListAssistanceResponse,
    wanted: &str,
) -> anyhow::Result<Entry> {
    let words = context.words;
    let parts = known.requests.iter().flat_map(|row| &row.parts).map(|part| part.entry.clone());
    match one_of(parts.chain(known.free_offers.iter().cloned()), wanted)? {
        Ok(entry) => Ok(entry),
        Err(true) => bail!("{} {wanted}", words.several_offers()),
        Err(false) => bail!("{} {wanted}", words.no_such_offer()),
    }
}

/// Publishes the next version of an entry; refused when somebody changed it meanwhile.
async fn publish_next(context: &Context, channel: Connection, entry: Entry) -> anyhow::Result<u8> {
    let versions = std::iter::once(&entry.version).chain(&entry.rivals).cloned().collect();
    publish(context, channel, &entry, Some(VersionList { versions })).await
}

async fn publish(
    context: &Context,
    channel: Connection,
    entry: &Entry,
    supersedes: Option<VersionList>,
) -> anyhow::Result<u8> {
    let item = PublishItem {
        entry: entry.encode_to_vec().into(),
        require_current: supersedes.is_some(),
        supersedes,
    };
    let name = publish_item(channel, item).await?;
    if context.common.json {
        say_json(&serde_json::json!({ "name": name }))?;
    } else {
        say(&format!("{} {name}", context.words.help_recorded()))?;
    }
    Ok(0)
}
