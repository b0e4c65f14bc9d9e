//! `polder national`.

use jiff::Zoned;
use polder_picture::{attributes::millis, team::scaling::team_name};
use polder_wire::v1::{
    Entry, GetNationalPictureRequest, GetNationalPictureResponse, LinkState, Mode, RegionPicture,
};
use prost::Message as _;

use super::situation::{print_lines, section_heading, service};
use crate::{
    cli::{
        Context,
        args::{ModeArg, NationalArgs},
        client, say, say_json,
        show::Lines,
        words::grip,
    },
    json,
};

fn bare(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, id)| id)
}

pub(in crate::cli) async fn national(context: &Context, args: NationalArgs) -> anyhow::Result<u8> {
    let channel = context.connect().await?;
    let near = Zoned::now();
    let known_at = args.known.as_deref().map(|at| client::moment(at, &near)).transpose()?;
    let incident = match &args.incident {
        Some(id) => client::incident(&channel, Some(id), context.words).await?.name,
        None => String::new(),
    };
    let mode = match args.mode {
        ModeArg::Actual => Mode::Actual,
        ModeArg::Exercise => Mode::Exercise,
        ModeArg::Test => Mode::Test,
    };
    let request =
        GetNationalPictureRequest { incident, mode: mode.into(), known_at, lines: args.lines };
    let node = crate::cli::read::at_node_time(context, channel.clone()).await;
    let now_ms = node.now_ms.into_iter().chain(known_at.as_ref().map(millis)).min();
    let lines = Lines { now_ms, ..node };
    let answer = service(channel).get_national_picture(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("GetNationalPictureResponse", &answer)?)?;
        return Ok(0);
    }
    print_national(&lines, &answer)?;
    Ok(0)
}

/// Prints the picture of the nation.
pub(in crate::cli) fn print_national(
    lines: &Lines,
    answer: &GetNationalPictureResponse,
) -> anyhow::Result<()> {
    let words = lines.words;
    let title = format!("{} · {}", words.national(), lines.moment(lines.now()));
    say(&lines.heading(&title))?;
    if answer.incidents.is_empty() {
        return say(words.no_incidents());
    }
    let incidents: Vec<_> = answer.incidents.iter().map(|name| bare(name)).collect();
    say(&format!("    {}", incidents.join(" · ")))?;
    if answer.incidents_left_out > 0 {
        say(&format!("    ({} {})", answer.incidents_left_out, words.more_lines()))?;
    }
    let open = format!("    {} {}", words.contradicting(), answer.open_contradictions);
    say(&if answer.open_contradictions > 0 { lines.warn(&open) } else { open })?;
    for region in &answer.regions {
        say("")?;
        print_region(lines, region)?;
    }
    for section in &answer.sections {
        say("")?;
        let state = section.state.clone().unwrap_or_default();
        say(&lines.heading(&section_heading(lines, &state)))?;
        print_lines(lines, section)?;
    }
    Ok(())
}

fn print_region(lines: &Lines, region: &RegionPicture) -> anyhow::Result<()> {
    let words = lines.words;
    let mut head = bare(&region.region).to_owned();
    let dutch = words.0.pick(false, true);
    for scaling in &region.scalings {
        head.push_str(&format!(" · {}", grip(scaling.grip())));
        let teams: Vec<_> = scaling.teams().map(|team| team_name(team, dutch)).collect();
        if !teams.is_empty() {
            head.push_str(&format!(" ({})", teams.join(", ")));
        }
    }
    let heard = region.last_heard.as_ref().map(millis);
    let heard = heard.map(|ms| format!(" · {} {}", words.heard(), lines.moment(ms)));
    let since = region.link_since.as_ref().map(millis);
    let since = since.map(|ms| format!(" {} {}", words.since(), lines.moment(ms)));
    let link = match region.link() {
        LinkState::Connected => format!(" · {}", words.connected()),
        LinkState::Indirect => format!(" · {}{}", words.indirect(), heard.unwrap_or_default()),
        LinkState::CutOff => {
            let text = format!("[{}{}]", words.cut_off(), since.unwrap_or_default());
            format!(" {}{}", lines.alarm(&text), heard.unwrap_or_default())
        }
        LinkState::Unspecified if region.own => format!(" · {}", words.this_node()),
        LinkState::Unspecified => String::new(),
    };
    say(&format!("{}{link}", lines.heading(&head)))?;
    let last = region.last_time.as_ref().map(millis);
    let last = last.map(|ms| {
        format!("{} {} ({})", words.last_word(), lines.moment(ms), words.age(lines.now() - ms))
    });
    let mut facts = vec![last.unwrap_or_else(|| words.never_spoke().to_owned())];
    if region.entry_count > 0 {
        let mut count = format!("{} {}", region.entry_count, words.entries());
        if region.stale_count > 0 {
            count.push_str(&format!(", {} {}", words.of_which_stale(), region.stale_count));
        }
        facts.push(count);
    }
    if region.contradicting_count > 0 {
        let text = format!("{} {}", words.contradicting(), region.contradicting_count);
        facts.push(lines.warn(&text));
    }
    say(&format!("    {}", facts.join(" · ")))?;
    if region.request_count > 0 {
        say(&format!("    {} {}", words.asks_for(), region.request_count))?;
    }
    for request in &region.requests {
        say(&format!("    - {}", lines.entry(&Entry::decode(request.entry.clone())?)))?;
    }
    Ok(())
}
