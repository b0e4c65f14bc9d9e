//! What comes back after a repair, in words.

use polder_picture::kinds::service_word;
use polder_wire::v1::{Effect, GetImpactResponse, ImpactStep, Return, ReturnState, VitalService};

use super::{Known, Supposes, designation, left_out, marks, moment, short, told};
use crate::cli::{say, show::Lines};

/// Prints what comes back and what stays down for another reason. With a supposition only what that
/// changes.
pub(super) fn print(
    lines: &Lines,
    known: &Known,
    answer: &GetImpactResponse,
    supposes: Supposes,
) -> anyhow::Result<()> {
    let words = lines.words;
    let told = |one: &&Return| match supposes {
        Supposes::Nothing => true,
        Supposes::Failure => false,
        Supposes::Repair => one.by_repair_if,
    };
    let returns: Vec<_> = answer.returns.iter().filter(told).collect();
    if returns.is_empty() {
        if supposes == Supposes::Repair {
            say(words.repair_changes_nothing())?;
        }
        return Ok(());
    }
    say("")?;
    say(&lines.heading(words.comes_back()))?;
    for one in returns {
        // What goes down only by what is supposed is told as such above.
        let only_so = |effect: &Effect| effect.facility == one.facility && effect.by_what_if;
        let only_so = answer.effects.iter().any(only_so);
        print_return(lines, known, one, only_so)?;
    }
    left_out(lines, answer.returns_left_out)
}

fn print_return(lines: &Lines, known: &Known, one: &Return, only_so: bool) -> anyhow::Result<()> {
    let words = lines.words;
    let state = format!("[{}]", words.return_state(one.state()));
    let state = match one.state() {
        ReturnState::StaysDown => lines.alarm(&state),
        ReturnState::ComesBack => lines.warn(&state),
        _ => lines.faint(&state),
    };
    let mut head = vec![state];
    head.extend(one.back_time.as_ref().map(|time| moment(lines, Some(time))));
    head.push(designation(known, &one.facility));
    let mut head = head.join(" ");
    let mut more = |word: &str, time: Option<&prost_types::Timestamp>| {
        if time.is_some() {
            head.push_str(&format!(" · {word} {}", moment(lines, time)));
        }
    };
    let down_ms = one.down_time.as_ref().map_or(0, polder_picture::attributes::millis);
    let down = match one.state() {
        ReturnState::Spared => words.would_go_down_at(),
        _ if down_ms > lines.now() => words.goes_down_at(),
        _ => words.went_down_at(),
    };
    more(down, one.down_time.as_ref());
    more(words.goes_down_again(), one.again_time.as_ref());
    more(words.otherwise(), one.otherwise_time.as_ref());
    let unknown = one.by_repair_if && one.otherwise_time.is_none() && !only_so;
    if unknown && one.state() != ReturnState::Spared {
        head.push_str(&format!(" · {}", words.otherwise_unknown()));
    }
    say(&head)?;
    let middle = (one.steps.len() / 2, one.steps_left_out);
    for (number, step) in one.steps.iter().enumerate() {
        if middle.1 > 0 && number == middle.0 {
            left_out(lines, middle.1)?;
        }
        print_step(lines, known, step, number == 0)?;
    }
    for name in &one.waits_for {
        print_wait(lines, known, one, name)?;
    }
    left_out(lines, one.waits_for_left_out)
}

/// One thing that works again, and how the next hangs on it.
fn print_step(lines: &Lines, known: &Known, step: &ImpactStep, first: bool) -> anyhow::Result<()> {
    let words = lines.words;
    let service = service_word(step.service(), words.0);
    let arrow = if first { "" } else { "→ " };
    let mut text = format!("    {arrow}{} ", moment(lines, step.time.as_ref()));
    if step.facility.is_empty() {
        text.push_str(&format!("{service} {}", words.works_again()));
        if let Some(entry) = known.get(&step.entry) {
            text.push_str(&format!(": {}", told(lines, entry)));
        }
    } else {
        text.push_str(&format!("{} {}", designation(known, &step.facility), words.works_again()));
        if step.service() != VitalService::Unspecified {
            text.push_str(&format!(": {service} · {}", words.found(step.r#match())));
        }
    }
    if step.entry.is_empty() {
        text.push_str(&format!(" [{}]", words.supposed()));
    }
    text.push_str(&marks(lines, step.stale, step.disputed));
    if !step.entry.is_empty() {
        text.push_str(&format!(" {}", lines.faint(short(&step.entry))));
    }
    say(&text)
}

/// What it goes on waiting for.
fn print_wait(lines: &Lines, known: &Known, one: &Return, name: &str) -> anyhow::Result<()> {
    let words = lines.words;
    let what = match known.get(name) {
        _ if name == one.facility => words.its_own_words().to_owned(),
        Some(entry) => told(lines, entry),
        None => designation(known, name),
    };
    say(&format!("    {} {what} {}", words.goes_on_waiting(), lines.faint(short(name))))
}
