//! `polder scenarios`: scenarios of one subject side by side, by criterion.

use polder_picture::{
    attributes::millis,
    entry::summary_line,
    kinds::{level_sign, likelihood_word, scenario_word},
};
use polder_wire::v1::{
    AssumptionState, CompareScenariosRequest, CompareScenariosResponse, ComparedCriterion,
    ComparedScenario, Entry, Scenario, ScenarioComparison, entry::Body,
};
use prost::Message as _;

use super::{
    Asked, asked,
    impact::{service, words::criterion_number},
};
use crate::{
    cli::{Context, args::ScenariosArgs, say, say_json, show::Lines},
    json,
};

/// Columns of a criterion's name.
const NAME_WIDTH: usize = 42;

pub(in crate::cli) async fn scenarios(
    context: &Context,
    args: ScenariosArgs,
) -> anyhow::Result<u8> {
    let Asked { channel, incident, known_at, lines } = asked(context, &args.ask).await?;
    let subject = args.subject.unwrap_or_default();
    let request = CompareScenariosRequest { incident: incident.name, known_at, subject };
    let answer = service(channel).compare_scenarios(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("CompareScenariosResponse", &answer)?)?;
    } else {
        print_scenarios(&lines, &answer)?;
    }
    Ok(0)
}

/// Prints every comparison.
pub(in crate::cli) fn print_scenarios(
    lines: &Lines,
    answer: &CompareScenariosResponse,
) -> anyhow::Result<()> {
    let words = lines.words;
    if answer.comparisons.is_empty() {
        return say(words.no_scenarios());
    }
    for (number, one) in answer.comparisons.iter().enumerate() {
        if number > 0 {
            say("")?;
        }
        print_comparison(lines, one)?;
    }
    more(lines, answer.comparisons_left_out, words.comparisons_more())
}

fn more(lines: &Lines, count: i32, what: &str) -> anyhow::Result<()> {
    if count == 0 {
        return Ok(());
    }
    say(&lines.faint(&format!("({count} {what})")))
}

fn body(entry: &Entry) -> Option<&Scenario> {
    match entry.body.as_ref()? {
        Body::Scenario(body) => Some(body),
        _ => None,
    }
}

fn print_comparison(lines: &Lines, one: &ScenarioComparison) -> anyhow::Result<()> {
    let words = lines.words;
    say(&lines.heading(&one.subject))?;
    let decoded = one.scenarios.iter().map(|scenario| Entry::decode(scenario.entry.clone()));
    let entries = decoded.collect::<Result<Vec<_>, _>>()?;
    for (number, (scenario, entry)) in one.scenarios.iter().zip(&entries).enumerate() {
        print_column(lines, number + 1, scenario, entry)?;
    }
    more(lines, one.scenarios_left_out, words.scenarios_more())?;
    if one.likelihood_differs {
        say(&lines.warn(&format!("  [{}]", words.likelihood_differs())))?;
    }
    let numbers: Vec<_> = (1..=entries.len()).map(|number| format!("{number:>3}")).collect();
    say(&format!("  {:NAME_WIDTH$}{}", "", numbers.concat()))?;
    let mut interest = "";
    for row in &one.criteria {
        let of = words.interest(row.criterion());
        if of != interest {
            say(&format!("  {}", lines.faint(of)))?;
            interest = of;
        }
        print_row(lines, row)?;
    }
    let highest = one.scenarios.iter().map(|scenario| level_sign(scenario.highest()));
    say(&format!("  {:NAME_WIDTH$}{}", words.highest_score(), cells(highest)))?;
    if one.scenarios.iter().all(|scenario| scenario.assumptions.is_empty()) {
        return Ok(());
    }
    say(&format!("  {}", words.assumptions()))?;
    for (number, (scenario, entry)) in one.scenarios.iter().zip(&entries).enumerate() {
        let assumptions = body(entry).map(|body| body.assumptions.as_slice()).unwrap_or_default();
        for (state, assumption) in scenario.assumptions().zip(assumptions) {
            let mark = format!("[{}]", words.assumption(state));
            let mark = match state {
                AssumptionState::Stands | AssumptionState::TextOnly => lines.faint(&mark),
                AssumptionState::Refuted | AssumptionState::Withdrawn => lines.alarm(&mark),
                _ => lines.warn(&mark),
            };
            let text = match assumption.text.as_str() {
                "" => words.assumption_cites(),
                text => text,
            };
            let cited = assumption.basis.iter().filter_map(|name| name.split('/').nth(3));
            let cited: Vec<_> =
                cited.filter_map(|id| id.split('-').next()).map(|id| lines.faint(id)).collect();
            let line = format!("  {:>3} {text} {mark} {}", number + 1, cited.join(" "));
            say(line.trim_end())?;
        }
    }
    Ok(())
}

fn print_column(
    lines: &Lines,
    number: usize,
    scenario: &ComparedScenario,
    entry: &Entry,
) -> anyhow::Result<()> {
    let words = lines.words;
    let Some(body) = body(entry) else {
        return say(&format!("  {number:>3} [{}]", words.scenario_gone()));
    };
    let mut parts = vec![scenario_word(body.r#type(), words.0).to_owned()];
    if body.likelihood != 0 {
        parts.push(likelihood_word(body.likelihood(), words.0).to_owned());
    }
    if let Some(end) = &body.horizon_end {
        parts.push(format!("{} {}", words.scenario_until(), lines.moment(millis(end))));
    }
    let by = match body.drawn_up_by.as_str() {
        "" => entry.party.trim_start_matches("parties/"),
        by => by,
    };
    parts.push(format!("{} {by}", words.scenario_by()));
    let mut line = format!("  {number:>3} {}", parts.join(", "));
    if scenario.disputed {
        line.push_str(&format!(" {}", lines.alarm(&format!("[{}]", words.contradiction()))));
    }
    let stale = entry.expire_time.as_ref().is_some_and(|at| millis(at) <= lines.now());
    if stale {
        line.push_str(&format!(" {}", lines.warn(&format!("[{}]", words.stale()))));
    }
    say(&line)?;
    // The title alone: what follows it in a line of the picture stands above.
    let plain = Entry { body: None, ..entry.clone() };
    let title = summary_line(&plain, words.0.pick("en", "nl"));
    if !title.is_empty() {
        say(&format!("      {title}"))?;
    }
    for figure in &body.figures {
        let count = figure.count.as_ref().map_or(0, |count| count.value);
        let basis = figure.count.as_ref().map(|count| words.count_basis(count.basis()));
        let basis = basis.filter(|basis| !basis.is_empty());
        let basis = basis.map(|basis| format!(" ({basis})")).unwrap_or_default();
        let count = words.0.whole(count);
        say(&format!("      {} {count} {}{basis}", words.scenario_expects(), figure.label))?;
    }
    Ok(())
}

fn print_row(lines: &Lines, row: &ComparedCriterion) -> anyhow::Result<()> {
    let words = lines.words;
    let criterion = row.criterion();
    let name = format!("{} {}", criterion_number(criterion), words.criterion(criterion));
    let mut line = format!("  {name:NAME_WIDTH$}{}", cells(row.levels().map(level_sign)));
    if row.differs {
        line.push_str(&format!(" {}", lines.alarm(&format!("[{}]", words.scores_differ()))));
    }
    say(&line)
}

fn cells<'s>(signs: impl Iterator<Item = &'s str>) -> String {
    let cell = |sign: &str| format!("{:>3}", if sign.is_empty() { "·" } else { sign });
    signs.map(cell).collect()
}
