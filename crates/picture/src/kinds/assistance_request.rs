//! A request for help.

use std::collections::BTreeSet;

use polder_wire::v1::{Entry, HelpTransport, HostSupport, ReliefModule, RequestState, entry::Body};

use super::{
    Kind,
    counts::{amount, count},
    line, relief,
};
use crate::{
    check::{Checker, ENTRY, PARTY},
    language::Language,
    names::{EntryName, PartyName},
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
    let mut offers = BTreeSet::new();
    check.each("accepted", &body.accepted, 0..=64, |check, accepted| {
        check.name("offer", &accepted.offer, true, EntryName::parse, ENTRY);
        check.integer("quantity", accepted.quantity.into(), 1..=1_000_000_000);
        if !offers.insert(accepted.offer.clone()) {
            check.wrong("offer", "DUPLICATE", "is given twice");
        }
    });
    check.text("number", &body.number, 0..=64);
    check.enumeration::<ReliefModule>("module", body.module, false);
    check.text("entry_point", &body.entry_point, 0..=200);
    check.enumerations::<HostSupport>("provided_support", &body.provided_support, 16);
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
    let module = relief::module(body.module(), language).to_owned();
    let comes = relief::comes(HelpTransport::Unspecified, &body.entry_point, language);
    let has: Vec<_> = body.provided_support().map(|one| relief::support(one, language)).collect();
    let has = match has.is_empty() {
        true => String::new(),
        false => {
            format!("{} {}", language.pick("has for guests", "heeft voor gasten:"), has.join(", "))
        }
    };
    let number = relief::number(&body.number, language);
    let (need, asked) = (need.trim().to_owned(), format!("{state} {of}").trim().to_owned());
    line([need, module, asked, comes, has, number])
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
    use polder_wire::v1::{AcceptedOffer, AssistanceRequest};

    use super::*;
    use crate::kinds::testing::{Wrong, changed, long, never, refuses, says, says_of};

    fn body(body: &mut Body) -> Option<&mut AssistanceRequest> {
        match body {
            Body::AssistanceRequest(body) => Some(body),
            _ => None,
        }
    }

    const OFFER: &str = "incidents/flood/entries/11111111-1111-4111-8111-111111111111";

    fn some(offer: &str, quantity: i32) -> AcceptedOffer {
        AcceptedOffer { offer: offer.to_owned(), quantity }
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
            (|b| b.accepted = vec![some("boats", 1)], "accepted[0].offer", "MALFORMED_NAME"),
            (|b| b.accepted = vec![some(OFFER, 0)], "accepted[0].quantity", "OUT_OF_RANGE"),
            (|b| b.accepted = vec![some(OFFER, 1); 2], "accepted[1].offer", "DUPLICATE"),
            (|b| b.accepted = vec![some(OFFER, 1); 65], "accepted", "TOO_MANY"),
            (|b| b.number = long(64), "number", "TOO_LONG"),
            (|b| b.module = 99, "module", "UNKNOWN_VALUE"),
            (|b| b.entry_point = long(200), "entry_point", "TOO_LONG"),
            (|b| b.provided_support = vec![0], "provided_support[0]", "REQUIRED"),
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

    #[test]
    fn a_request_to_other_countries_says_where_help_comes_in_and_what_waits_for_it() {
        let abroad = changed("assistance_request", body, |b| {
            b.number = "CECIS 4711".into();
            b.module = ReliefModule::FloodRescueBoats.into();
            b.entry_point = "Maastricht Aachen Airport".into();
            b.provided_support = vec![HostSupport::Quarters.into()];
        });
        says_of(
            &Entry { texts: Vec::new(), ..abroad },
            "at least 300 soldiers to fill sandbags, flood rescue with boats, asked of defensie, over \
             Maastricht Aachen Airport, has for guests quarters, no. CECIS 4711",
            "minstens 300 soldiers to fill sandbags, redding met boten, gevraagd aan defensie, via \
             Maastricht Aachen Airport, heeft voor gasten: onderdak, nr. CECIS 4711",
        );
    }
}
