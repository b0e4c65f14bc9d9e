//! `polder links`: who is connected and who is cut off, since when, and what is known to be missing.

use std::io::{IsTerminal as _, Write as _};

use anyhow::Context as _;
use polder_picture::attributes::millis;
use polder_wire::v1::{
    Link, LinkState, ListHoldersRequest, WatchLinksRequest, WatchLinksResponse,
    node_service_client::NodeServiceClient,
};

use super::{
    Context,
    args::{HoldersArgs, LinksArgs},
    client, dutch, say, say_json,
    session::Connection,
    show::{Lines, bytes},
    words::Words,
};
use crate::json;

/// Clocks that differ less are no trouble.
const OFFSET_MS: i64 = 2_000;
/// Spaces between columns.
const GAP: usize = 2;

pub(super) async fn links(context: &Context, args: LinksArgs) -> anyhow::Result<u8> {
    let channel = context.connect().await?;
    let redraws = !args.once && !context.common.json && std::io::stdout().is_terminal();
    let mut shown = String::new();
    loop {
        let mut client = NodeServiceClient::new(channel.clone());
        let request = WatchLinksRequest { once: args.once };
        let ended = match client.watch_links(request).await {
            Ok(stream) => {
                let mut stream = stream.into_inner();
                loop {
                    match stream.message().await {
                        Ok(Some(report)) => show(context, report, redraws, &mut shown)?,
                        Ok(None) => break None,
                        Err(status) => break Some(status),
                    }
                }
            }
            Err(status) => Some(status),
        };
        let passing = |status: &tonic::Status| {
            matches!(status.code(), tonic::Code::Unavailable | tonic::Code::Unknown)
        };
        match ended {
            Some(status) if args.once || !passing(&status) => return Err(status.into()),
            None if args.once => return Ok(0),
            _ => {}
        }
        eprintln!("{}", context.words.reconnecting());
        tokio::time::sleep(super::read::RETRY).await;
    }
}

fn show(
    context: &Context,
    report: WatchLinksResponse,
    redraws: bool,
    shown: &mut String,
) -> anyhow::Result<()> {
    if context.common.json {
        return say_json(&json::from_message("WatchLinksResponse", &report)?);
    }
    let now_ms = report.node_time.as_ref().map(millis);
    let lines = Lines { now_ms, ..context.lines.clone() };
    let mut text = table(&lines, &report.links);
    text.push_str(&earlier(&lines, report.earlier_record_count));
    if redraws {
        // Home, the table, and nothing of the one before below it.
        let mut out = std::io::stdout().lock();
        write!(out, "\x1b[H\x1b[2J{text}")?;
        return Ok(out.flush()?);
    }
    // Where lines are appended, ages alone are no news.
    let news = report.links.iter().map(|link| {
        let lanes: Vec<_> =
            link.lanes.iter().map(|l| (l.records_to_receive, l.records_to_send)).collect();
        format!("{:?} {} {} {lanes:?}\n", link.state(), link.node, link.problem)
    });
    let mut news: String = news.collect();
    if report.earlier_record_count > 0 {
        news.push_str(&format!("{}\n", report.earlier_record_count));
    }
    if !shown.is_empty() && *shown == news {
        return Ok(());
    }
    *shown = if news.is_empty() { "\n".into() } else { news };
    say(text.trim_end_matches('\n'))
}

/// What checkpoints left out here and is still to come; nothing when all is here.
fn earlier(lines: &Lines, count: i64) -> String {
    match count {
        0 => String::new(),
        _ => {
            let told = format!("{}: {count}", lines.words.earlier_to_come());
            lines.faint(&textwrap::fill(&told, lines.width)) + "\n"
        }
    }
}

/// What stands of one node.
struct Row {
    trouble: bool,
    cells: [String; 8],
    /// How long it has been so.
    lasted: String,
    notes: Vec<String>,
}

/// All links, trouble first.
pub(super) fn table(lines: &Lines, links: &[Link]) -> String {
    let words = lines.words;
    let mut links: Vec<&Link> = links.iter().collect();
    links.sort_by_key(|link| (rank(link), link.since.as_ref().map_or(0, millis), name(link)));
    let cut = links.iter().filter(|link| link.state() == LinkState::CutOff).count();
    let at = lines.now_ms.map(|ms| lines.moment(ms)).unwrap_or_default();
    let verdict = match (links.len(), cut) {
        (0, _) => words.no_links().to_owned(),
        (1, 0) => format!("1 {}, {}", words.node().to_lowercase(), words.none_cut_off()),
        (all, 0) => format!("{all} {}, {}", words.nodes(), words.none_cut_off()),
        (1, cut) => format!("{cut} {} 1 {}", words.cut_off_of(), words.node().to_lowercase()),
        (all, cut) => format!("{cut} {} {all} {}", words.cut_off_of(), words.nodes()),
    };
    let mut text = lines.heading(&textwrap::fill(&format!("{at}  {verdict}"), lines.width));
    text.push('\n');
    let rows: Vec<Row> = links.iter().map(|link| row(lines, link, &links)).collect();
    let headings = [
        String::new(),
        words.node().to_owned(),
        words.since().to_owned(),
        words.heard().to_owned(),
        words.missing_here().to_owned(),
        words.missing_there().to_owned(),
        words.catch_up().to_owned(),
        words.round_trip().to_owned(),
    ];
    let wide = |text: &String| textwrap::core::display_width(text);
    let width = |at: usize| {
        let cells = rows.iter().map(|row| &row.cells[at]).chain([&headings[at]]);
        cells.map(wide).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let fits = widths.iter().map(|width| width + GAP).sum::<usize>() <= lines.width;
    let padded = |cells: &[String; 8]| {
        let cells = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width + GAP - wide(cell))));
        cells.collect::<String>().trim_end().to_owned()
    };
    if fits && !rows.is_empty() {
        text.push_str(&lines.faint(&padded(&headings)));
        text.push('\n');
    }
    for row in &rows {
        let state = &row.cells[0];
        let painted = if row.trouble { lines.alarm(state) } else { state.clone() };
        if fits {
            let line = padded(&row.cells).replacen(state.as_str(), &painted, 1);
            text.push_str(&line);
            text.push('\n');
            if !row.notes.is_empty() {
                text.push_str(&indented(lines, &row.notes.join(" · ")));
            }
            continue;
        }
        text.push_str(&format!("{painted} {}\n", lines.heading(&row.cells[1])));
        let told = row.cells.iter().zip(&headings).enumerate().skip(2);
        let told = told.map(|(at, (cell, heading))| match at {
            2 if !row.lasted.is_empty() => format!("{heading} {cell} ({})", row.lasted),
            _ => format!("{heading} {cell}"),
        });
        let told: Vec<_> = told.chain(row.notes.iter().cloned()).collect();
        text.push_str(&indented(lines, &told.join(" · ")));
    }
    text
}

fn indented(lines: &Lines, text: &str) -> String {
    let options =
        textwrap::Options::new(lines.width).initial_indent("    ").subsequent_indent("    ");
    textwrap::fill(text, options) + "\n"
}

/// Cut off from all, cut off from us, a clock that is wrong, heard of only, connected.
fn rank(link: &Link) -> u8 {
    let behind = link.lanes.iter().any(|lane| lane.records_to_receive + lane.records_to_send > 0);
    match link.state() {
        LinkState::CutOff if link.through.is_empty() => 0,
        LinkState::CutOff => 1,
        _ if offset_ms(link).is_some() || !link.problem.is_empty() => 2,
        LinkState::Indirect | LinkState::Unspecified => 3,
        LinkState::Connected if behind => 4,
        LinkState::Connected => 5,
    }
}

fn offset_ms(link: &Link) -> Option<i64> {
    let offset = link.clock_offset.as_ref()?;
    let ms = offset.seconds * 1_000 + i64::from(offset.nanos) / 1_000_000;
    (ms.abs() > OFFSET_MS).then_some(ms)
}

/// What people call a node: its name, or else its address or the first digits of its key.
pub(super) fn name(link: &Link) -> String {
    match (link.display_name.as_str(), link.node.as_str()) {
        ("", "") => link.address.clone(),
        ("", node) => short(node),
        (name, _) => name.to_owned(),
    }
}

fn short(node: &str) -> String {
    node.trim_start_matches("nodes/").chars().take(8).collect()
}

/// What people call a node by its key id.
pub(super) fn name_of(links: &[impl std::borrow::Borrow<Link>], node: &str) -> String {
    let link = links.iter().map(std::borrow::Borrow::borrow).find(|link| link.node == node);
    link.map_or_else(|| short(node), name)
}

fn row(lines: &Lines, link: &Link, links: &[&Link]) -> Row {
    let words = lines.words;
    let unknown = || words.unknown().to_owned();
    let now_ms = lines.now_ms.unwrap_or_default();
    let aged = |at: &prost_types::Timestamp| age(words, now_ms - millis(at));
    let connected = link.state() == LinkState::Connected;
    let through = (!link.through.is_empty()).then(|| name_of(links, &link.through));
    let state = match (link.state(), &through) {
        (LinkState::Connected, _) => words.connected().to_owned(),
        (LinkState::CutOff, _) => words.cut_off().to_owned(),
        (_, Some(through)) => format!("{} {through}", words.through()),
        (..) => unknown(),
    };
    let since = link.since.as_ref();
    let lasted = since.map(&aged).unwrap_or_default();
    let since = since.map_or_else(unknown, |at| lines.moment(millis(at)));
    let heard = link.last_heard.as_ref();
    let heard = heard.map(|at| format!("{} {}", aged(at), words.ago()));
    let heard = heard.unwrap_or_else(|| words.never().to_owned());
    let with_bytes = |count: i64, size: i64| match count {
        0 => "0".to_owned(),
        _ => format!("{count} ({})", bytes(size)),
    };
    let sum = |of: fn(&polder_wire::v1::LaneBehind) -> i64| {
        (!link.lanes.is_empty()).then(|| link.lanes.iter().map(of).sum::<i64>())
    };
    // Of one that is cut off nobody here knows what it wrote since.
    let size = sum(|lane| lane.bytes_to_receive).unwrap_or_default();
    let here = match sum(|lane| lane.records_to_receive) {
        Some(count) if connected => with_bytes(count, size),
        Some(count) if count > 0 => format!("{} {}", words.at_least(), with_bytes(count, size)),
        _ => unknown(),
    };
    let size = sum(|lane| lane.bytes_to_send).unwrap_or_default();
    let there = sum(|lane| lane.records_to_send);
    let there = there.map_or_else(unknown, |count| with_bytes(count, size));
    let catch_up = link.catch_up.as_ref().filter(|_| connected);
    let catch_up = catch_up.map_or_else(unknown, |time| match (time.seconds, time.nanos) {
        (0, 0) => words.in_step().to_owned(),
        (seconds, nanos) => age(words, seconds * 1_000 + i64::from(nanos) / 1_000_000),
    });
    let mut notes = Vec::new();
    if link.state() == LinkState::CutOff
        && let Some(through) = &through
    {
        notes.push(format!("{} {through}", words.heard_through()));
    }
    if !link.problem.is_empty() && !connected {
        // What people can act on stands before the system's number.
        let problem = link.problem.split(" (os error").next().unwrap_or_default();
        notes.push(dutch::problem(words, problem));
    }
    if !link.held_back.is_empty() {
        notes.push(lines.warn(&dutch::problem(words, &link.held_back)));
    }
    if link.budget_bytes_per_day > 0 {
        notes.push(format!(
            "{} {} {} {}",
            words.today(),
            bytes(link.bytes_today),
            words.of(),
            bytes(link.budget_bytes_per_day)
        ));
    }
    if let Some(ms) = offset_ms(link) {
        let (side, ms) = if ms > 0 { (words.ahead(), ms) } else { (words.behind(), -ms) };
        notes.push(lines.warn(&format!("{} {} {side}", words.clock(), age(words, ms))));
    }
    let trip = link.round_trip.as_ref().filter(|_| connected);
    let trip = trip.map(|trip| trip.seconds * 1_000_000 + i64::from(trip.nanos) / 1_000);
    let trip = trip.map_or_else(unknown, trip_time);
    let urgent: i64 = link.lanes.iter().take(1).map(|lane| lane.records_to_send).sum();
    if !connected && urgent > 0 {
        notes.push(format!("{urgent} {}", words.urgent_missing_there()));
    }
    let trouble = link.state() == LinkState::CutOff;
    let state = if trouble { format!(" {state} ") } else { state };
    let party = link.party.trim_start_matches("parties/");
    let mut called = name(link);
    if !party.is_empty() && called.to_lowercase() != party {
        called.push_str(&format!(" ({party})"));
    }
    let cells = [state, called, since, heard, here, there, catch_up, trip];
    Row { trouble, cells, lasted, notes }
}

/// How long, in the two largest units.
pub(super) fn age(words: Words, ms: i64) -> String {
    let (minute, hour, day) = (60, 3_600, 86_400);
    let s = ms.max(0) / 1_000;
    let two = |large: i64, unit: &str, small: i64, sub: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {sub}"),
    };
    match s {
        _ if s < minute => format!("{s} s"),
        _ if s < hour => format!("{} min", s / minute),
        _ if s < day => two(s / hour, words.hour(), s % hour / minute, "min"),
        _ => two(s / day, "d", s % day / hour, words.hour()),
    }
}

fn trip_time(us: i64) -> String {
    if us < 1_000 { format!("{us} µs") } else { format!("{} ms", us / 1_000) }
}

/// All links, once.
pub(super) async fn report(channel: &Connection) -> anyhow::Result<Vec<Link>> {
    let mut client = NodeServiceClient::new(channel.clone());
    let mut stream = client.watch_links(WatchLinksRequest { once: true }).await?.into_inner();
    let report = stream.message().await?.context("the node said nothing of its links")?;
    Ok(report.links)
}

pub(super) async fn holders(context: &Context, args: HoldersArgs) -> anyhow::Result<u8> {
    let channel = context.connect().await?;
    let mut client = NodeServiceClient::new(channel.clone());
    let request = ListHoldersRequest { name: args.name.clone() };
    let answer = client.list_holders(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("ListHoldersResponse", &answer)?)?;
        return Ok(0);
    }
    let (words, lines) = (context.words, &context.lines);
    let links = report(&channel).await?;
    let request = polder_wire::v1::GetEntryRequest { name: args.name };
    let entry = client::picture(channel).get_entry(request).await?.into_inner();
    let current = [&entry.entry].into_iter().chain(&entry.rivals);
    let current = current.map(|bytes| prost::Message::decode(bytes.clone()));
    for version in current.collect::<Result<Vec<polder_wire::v1::Entry>, _>>()? {
        say(&lines.entry(&version))?;
        say(&format!("    {}", words.held_here()))?;
        let holders = answer.holders.iter().filter(|holder| holder.version == version.version);
        let holders: Vec<_> = holders.collect();
        for holder in &holders {
            let at = holder.time.as_ref().map(|at| lines.moment(millis(at))).unwrap_or_default();
            say(&format!("    {}, {} {at}", name_of(&links, &holder.node), words.known_since()))?;
        }
        for link in links.iter().filter(|link| !link.node.is_empty()) {
            if !holders.iter().any(|holder| holder.node == link.node) {
                say(&lines.faint(&format!("    {}: {}", name(link), words.not_known())))?;
            }
        }
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use polder_picture::{attributes::timestamp, language::Language};
    use polder_wire::v1::{Lane, LaneBehind};

    use super::*;

    fn style(language: Language, width: usize) -> Lines {
        let words = Words(language);
        Lines { words, width, colour: false, zone: TimeZone::UTC, now_ms: Some(40_000_000) }
    }

    fn lanes(receive: i64, send: i64) -> Vec<LaneBehind> {
        let lane = |lane: Lane, receive, send| LaneBehind {
            lane: lane.into(),
            records_to_receive: receive,
            records_to_send: send,
            bytes_to_receive: receive * 600,
            bytes_to_send: send * 600,
        };
        vec![lane(Lane::Urgent, 0, 0), lane(Lane::Routine, receive, send)]
    }

    fn links() -> Vec<Link> {
        let link = |state: LinkState, name: &str| Link {
            node: format!("nodes/{name}"),
            display_name: name.to_owned(),
            party: format!("parties/{}", name.to_lowercase()),
            state: state.into(),
            since: Some(timestamp(30_000_000)),
            last_heard: Some(timestamp(39_998_000)),
            ..Default::default()
        };
        let ok = Link {
            lanes: lanes(0, 0),
            catch_up: Some(Default::default()),
            round_trip: Some(prost_types::Duration { seconds: 0, nanos: 3_000_000 }),
            ..link(LinkState::Connected, "Zuid")
        };
        let wrong_clock = Link {
            clock_offset: Some(prost_types::Duration { seconds: -90, nanos: 0 }),
            ..link(LinkState::Connected, "Achter")
        };
        let cut = Link {
            lanes: lanes(0, 14),
            problem: "Connection refused (os error 111)".into(),
            ..link(LinkState::CutOff, "Noord")
        };
        let far = Link { through: "nodes/Zuid".into(), ..link(LinkState::Indirect, "Ver") };
        let silent = Link {
            address: "10.0.0.1:7420".into(),
            state: LinkState::CutOff.into(),
            ..Default::default()
        };
        vec![ok, far, wrong_clock, cut, silent]
    }

    #[test]
    fn trouble_stands_first_and_what_is_not_known_is_never_zero() {
        for width in [40, 160] {
            let text = table(&style(Language::English, width), &links());
            let at = |word: &str| text.find(word).unwrap_or_else(|| panic!("no {word} in {text}"));
            assert!(at("2 CUT OFF of 5 nodes") < at("10.0.0.1:7420"), "{text}");
            let order = ["10.0.0.1:7420", "Noord", "Achter", "via Zuid", "connected Zuid"];
            let order = &order[..if width == 40 { 5 } else { 4 }];
            assert!(order.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "{text}");
            assert!(text.contains("unknown") && text.contains("never"), "{text}");
            assert!(at("Connection refused") > at("Noord") && !text.contains("os error"), "{text}");
            let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flat.contains("its clock is 1 min behind"), "{text}");
            assert!(flat.contains("14") && flat.contains("in step"), "{text}");
        }
    }

    #[test]
    fn links_fit_a_narrow_terminal_in_both_languages() {
        for language in [Language::English, Language::Dutch] {
            let text = table(&style(language, 40), &links());
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest.unwrap_or(0) <= 40, "{text}");
        }
        let told = earlier(&style(Language::Dutch, 40), 12_345);
        assert!(told.contains("nog komen") && told.contains("12345"), "{told}");
        assert_eq!(earlier(&style(Language::English, 40), 0), "");
        let dutch = table(&style(Language::Dutch, 40), &links());
        assert!(
            dutch.contains("AFGESNEDEN Noord") || dutch.contains("AFGESNEDEN  Noord"),
            "{dutch}"
        );
        assert!(dutch.contains("geweigerd"), "{dutch}");
    }
}
