//! Something to be done, with an owner and a time. What it is stands in the texts.

use polder_wire::v1::{ActionState, Entry, entry::Body};

use super::{Kind, line};
use crate::{check::Checker, language::Language};

pub(super) const KIND: Kind = Kind {
    field: 113,
    name: "action",
    // Stays to be done until somebody says that it is.
    useful_life: None,
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Action(body)) = &entry.body else {
        return;
    };
    check.text("owner", &body.owner, 1..=200);
    check.enumeration::<ActionState>("state", body.state, true);
    check.time("due_time", body.due_time.as_ref());
    if let Some(progress) = body.progress_percent {
        check.integer("progress_percent", progress.into(), 0..=100);
    }
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Action(body)) = &entry.body else {
        return String::new();
    };
    line([
        body.owner.clone(),
        state_word(body.state(), language).to_owned(),
        body.progress_percent.map(|progress| format!("{progress} %")).unwrap_or_default(),
    ])
}

fn state_word(state: ActionState, language: Language) -> &'static str {
    match state {
        ActionState::Unspecified => "",
        ActionState::Open => "open",
        ActionState::UnderWay => language.pick("under way", "gaande"),
        ActionState::Done => language.pick("done", "gedaan"),
        ActionState::Blocked => language.pick("blocked", "geblokkeerd"),
        ActionState::Cancelled => language.pick("cancelled", "vervallen"),
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::Action;

    use super::*;
    use crate::kinds::testing::{Wrong, long, never, refuses, says};

    fn body(body: &mut Body) -> Option<&mut Action> {
        match body {
            Body::Action(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Action>] = &[
            (|b| b.owner.clear(), "owner", "REQUIRED"),
            (|b| b.owner = long(200), "owner", "TOO_LONG"),
            (|b| b.state = 0, "state", "REQUIRED"),
            (|b| b.state = 6, "state", "UNKNOWN_VALUE"),
            (|b| b.due_time = never(), "due_time", "TIME_OUT_OF_RANGE"),
            (|b| b.progress_percent = Some(101), "progress_percent", "OUT_OF_RANGE"),
            (|b| b.progress_percent = Some(-1), "progress_percent", "OUT_OF_RANGE"),
        ];
        refuses("action", body, rows);
    }

    #[test]
    fn the_line_says_who_does_it_and_how_far_it_is() {
        says("action", "Waterschap Limburg, under way, 40 %", "Waterschap Limburg, gaande, 40 %");
    }
}
