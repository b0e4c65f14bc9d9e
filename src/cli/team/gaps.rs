//! `polder gaps`.

use polder_picture::attributes::millis;
use polder_wire::v1::{ListGapsRequest, ListGapsResponse, PartyState};

use super::{Asked, asked, service, situation::owner_of};
use crate::{
    cli::{Context, args::GapsArgs, say, say_json, show::Lines},
    json,
};

pub(in crate::cli) async fn gaps(context: &Context, args: GapsArgs) -> anyhow::Result<u8> {
    let Asked { channel, incident, known_at, lines } = asked(context, &args.ask).await?;
    let silent_after = prost_types::Duration::try_from(*args.silent_after).ok();
    let request = ListGapsRequest { incident: incident.name, known_at, silent_after };
    let answer = service(channel).list_gaps(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("ListGapsResponse", &answer)?)?;
        return Ok(0);
    }
    print_gaps(&lines, &answer)?;
    Ok(0)
}

/// Prints what nobody has filled, and who has said nothing.
pub(in crate::cli) fn print_gaps(lines: &Lines, answer: &ListGapsResponse) -> anyhow::Result<()> {
    let words = lines.words;
    say(&lines.heading(words.sections()))?;
    for section in &answer.sections {
        let name = words.section(section.section());
        let Some(last) = &section.last_time else {
            let empty = lines.alarm(&format!("[{}]", words.nobody_filled()));
            say(&format!("  {name}: {empty} · {}", owner_of(lines, section)))?;
            continue;
        };
        say(&format!(
            "  {name}: {} {}, {} {} · {} {} · {}",
            section.entry_count,
            words.entries(),
            words.of_which_stale(),
            section.stale_count,
            words.last_word(),
            lines.moment(millis(last)),
            owner_of(lines, section)
        ))?;
    }
    say("")?;
    say(&lines.heading(words.parties_heard()))?;
    for party in &answer.parties {
        say(&format!("  {}", party_line(lines, party)))?;
    }
    if answer.parties_left_out > 0 {
        say(&lines.faint(&format!("({} {})", answer.parties_left_out, words.parties_more())))?;
    }
    Ok(())
}

/// A party, how old its last word is, and how much of it is stale.
pub(super) fn party_line(lines: &Lines, party: &PartyState) -> String {
    let words = lines.words;
    let name = party.party.trim_start_matches("parties/");
    let Some(last) = &party.last_time else {
        return format!("{name}: {}", lines.alarm(&format!("[{}]", words.never_spoke())));
    };
    let ms = millis(last);
    let age = words.age(lines.now() - ms);
    let mut line = format!("{name}: {} {} ({age})", words.last_word(), lines.moment(ms));
    line.push_str(&format!(" · {} {}", party.entry_count, words.entries()));
    if party.stale_count > 0 {
        line.push_str(&format!(", {} {}", words.of_which_stale(), party.stale_count));
    }
    if party.silent {
        line.push_str(&format!(" {}", lines.warn(&format!("[{}]", words.silent()))));
    }
    line
}
