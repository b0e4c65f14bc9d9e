//! What comes back after a repair, when, and what stays down for another reason.

use std::cmp::Reverse;

use polder_wire::v1::{ImpactMatch, ReturnState};

use super::{
    Runs,
    answer::{Ask, Impact, Return, Step},
    cascade::{Course, Network, Relief, Root, Spell},
    shorten,
};

/// What works again for longer than this is told no more.
const BACK_MS: i64 = 24 * 3_600_000;

/// Tells what becomes of facilities that wait for something which is repaired: of those of which
/// that is asked.
pub(super) fn tell(
    impact: &mut Impact,
    ask: &Ask,
    (network, roots, runs): (&Network<'_>, &[Root], &Runs),
    now_ms: i64,
    asked: impl Fn(usize) -> bool,
) {
    let before = runs.without.as_ref().filter(|_| ask.repair_if.is_some()).map(|[sure, _]| sure);
    let numbers = (0..network.nodes.len()).filter(|number| asked(*number));
    let mut found: Vec<(Return, usize)> = numbers
        .filter_map(|number| {
            let before = before.map(|before| &before[number]);
            let mut told = of_course(&runs.certain[number], before, now_ms)?;
            told.facility = network.nodes[number].at.entry;
            Some((told, number))
        })
        .collect();
    found.sort_by(|(one, a), (other, b)| {
        let name = |number: usize| &network.nodes[number].said.designation;
        let rank = |one: &Return| {
            (Reverse(one.by_repair_if), one.back_ms.is_none(), one.back_ms, one.down_ms)
        };
        rank(one).cmp(&rank(other)).then_with(|| (name(*a), a).cmp(&(name(*b), b)))
    });
    impact.return_count = found.len();
    found.truncate(ask.most);
    for (mut told, number) in found {
        if let Some(back_ms) = told.back_ms {
            let by = (network, roots, &runs.certain[..]);
            (told.steps, told.steps_left_out) = chain(by, number, back_ms);
        }
        impact.returns.push(told);
    }
}

/// What becomes of a facility, if something that it waits for is repaired. `before`: without what is
/// supposed to be.
fn of_course(course: &Course, before: Option<&Course>, now_ms: i64) -> Option<Return> {
    let spell = course.spell(now_ms).copied();
    let was = before.and_then(|before| before.spell(now_ms)).copied();
    let back = |spell: Spell| spell.back.map(|(ms, _)| ms);
    let changed = before.is_some()
        && spell.map(|spell| (spell.ms, back(spell))) != was.map(|was| (was.ms, back(was)));
    let told = |state, spell: Spell| Return {
        facility: uuid::Uuid::nil(),
        state,
        down_ms: spell.ms,
        back_ms: back(spell),
        again_ms: None,
        steps: Vec::new(),
        steps_left_out: 0,
        waits_for: Vec::new(),
        by_repair_if: changed,
        otherwise_ms: was.and_then(back).filter(|_| changed),
    };
    let Some(spell) = spell else {
        let last = course.spells.last().copied();
        let last = last.filter(|last| back(*last).is_some_and(|ms| now_ms - ms < BACK_MS));
        return match (last, was) {
            (Some(last), _) => Some(told(ReturnState::Back, last)),
            (None, Some(was)) => {
                let spared = told(ReturnState::Spared, was);
                Some(Return { back_ms: None, ..spared })
            }
            (None, None) => None,
        };
    };
    let again = course.spells.iter().find(|next| next.ms > spell.ms);
    if spell.back.is_some() {
        let told = told(ReturnState::ComesBack, spell);
        return Some(Return { again_ms: again.map(|again| again.ms), ..told });
    }
    (spell.relieved || changed).then(|| Return {
        waits_for: course.waits_for.iter().copied().collect(),
        ..told(ReturnState::StaysDown, spell)
    })
}

/// How a facility comes back: what is repaired, then each that works again, and how many steps were
/// left out.
fn chain(
    (network, roots, courses): (&Network<'_>, &[Root], &[Course]),
    mut number: usize,
    back_ms: i64,
) -> (Vec<Step>, usize) {
    let mut steps: Vec<Step> = Vec::new();
    let at = |number: usize| {
        let mut ends = courses[number].spells.iter().filter_map(|spell| spell.back);
        ends.find(|(ms, _)| *ms == back_ms)
    };
    while let Some((ms, by)) = at(number).filter(|_| steps.len() <= network.nodes.len()) {
        let node = &network.nodes[number];
        let mut step = Step {
            facility: Some(node.at.entry),
            entry: Some(node.at.entry),
            service: Default::default(),
            ms,
            holds_out_ms: None,
            holds_out_unknown: false,
            found: ImpactMatch::Unspecified,
            repair_ms: None,
            stale: node.stale,
            disputed: node.disputed,
        };
        match by {
            Relief::Supposed => {
                step.entry = None;
                steps.push(step);
                break;
            }
            Relief::Root(root) => {
                let root = &roots[root];
                step.found = root.touches[&number];
                step.service = root.service.unwrap_or_default();
                steps.push(step);
                if root.service.is_some() {
                    steps.push(Step::of_root(root, ms));
                }
                break;
            }
            Relief::Supplier(supplier) => {
                if let Some(need) = network.need_of(number, supplier) {
                    step.found = network.how(number, need);
                    step.service = node.said.needs[need].service;
                }
                steps.push(step);
                number = supplier;
            }
        }
    }
    steps.reverse();
    let left_out = shorten(&mut steps);
    (steps, left_out)
}
