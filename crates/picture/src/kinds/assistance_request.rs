//! A request for help.

use polder_wire::v1::{Entry, RequestState, entry::Body};

use super::{
    Kind,
    counts::{amount, count},
    line,
};
use crate::{
    check::{Checker, PARTY},
    language::Language,
    names::PartyName,
};

pub(super) const KIND: Kind = Kind {
    field: 109,
    name: "assistance_request",
    // A request that nobody answered stands: it must not fade because it is old.
    useful_life: None,
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::AssistanceRequest(body)) = &entry.body else {
        return;
    };
    check.text("need", &body.need, 1..=200);
    count(check, "quantity", body.quantity.as_ref());
    check.name("addressee", &body.addressee, false, PartyName::parse, PARTY);
    check.enumeration::<RequestState>("state", body.state, false);
    check.time("needed_by", body.needed_by.as_ref());
    check.time("needed_until", body.needed_until.as_ref());
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::AssistanceRequest(body)) = &entry.body else {
        return String::new();
    };
    let need = format!("{} {}", amount(body.quantity.as_ref(), language), body.need);
    let of = PartyName::parse(&body.addressee).map_or("", |party| party.id());
    let of = match of {
        "" => String::new(),
        of => format!("{} {of}", language.pick("of", "aan")),
    };
    let state = state_word(body.state(), language);
    line([need.trim().to_owned(), format!("{state} {of}").trim().to_owned()])
}

fn state_word(state: RequestState, language: Language) -> &'static str {
    match state {
        RequestState::Unspecified => "",
        RequestState::Asked => language.pick("asked", "gevraagd"),
        RequestState::Accepted => language.pick("accepted", "toegezegd"),
        RequestState::PartlyMet => language.pick("partly met", "deels geleverd"),
        RequestState::Met => language.pick("met", "geleverd"),
        RequestState::Refused => language.pick("refused", "geweigerd"),
        RequestState::Withdrawn => language.pick("withdrawn", "ingetrokken"),
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::AssistanceRequest;

    use super::*;
    use crate::kinds::testing::{Wrong, long, never, refuses, says};

    fn body(body: &mut Body) -> Option<&mut AssistanceRequest> {
        match body {
            Body::AssistanceRequest(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<AssistanceRequest>] = &[
            (|b| b.need.clear(), "need", "REQUIRED"),
            (|b| b.need = long(200), "need", "TOO_LONG"),
            (|b| b.quantity.as_mut().unwrap().value = -1, "quantity.value", "OUT_OF_RANGE"),
            (|b| b.addressee = "defensie".into(), "addressee", "MALFORMED_NAME"),
            (|b| b.state = 7, "state", "UNKNOWN_VALUE"),
            (|b| b.needed_by = never(), "needed_by", "TIME_OUT_OF_RANGE"),
            (|b| b.needed_until = never(), "needed_until", "TIME_OUT_OF_RANGE"),
        ];
        refuses("assistance_request", body, rows);
    }

    #[test]
    fn the_line_gives_what_is_asked_of_whom() {
        says(
            "assistance_request",
            "at least 300 soldiers to fill sandbags, asked of defensie",
            "minstens 300 soldiers to fill sandbags, gevraagd aan defensie",
        );
    }
}
