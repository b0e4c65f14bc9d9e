//! Help that is offered. What came of it is counted in `team::assistance`.

use polder_wire::v1::{
    AssistanceOffer, Entry, HelpCosts, HelpTransport, HostSupport, OfferState, ReliefModule,
    entry::Body,
};

use super::{
    Kind,
    counts::{amount, count},
    line, relief,
};
use crate::{
    check::{Checker, ENTRY},
    language::Language,
    names::EntryName,
};

pub(super) const KIND: Kind = Kind {
    field: 120,
    name: "assistance_offer",
    // Whoever offers says until when; without that it stands, as a request does.
    useful_life: None,
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::AssistanceOffer(body)) = &entry.body else {
        return;
    };
    check.text("means", &body.means, 1..=200);
    match &body.quantity {
        None => check.wrong("quantity", "REQUIRED", "is required"),
        Some(_) => count(check, "quantity", body.quantity.as_ref()),
    }
    let quantity = body.quantity.as_ref().map_or(0, |quantity| quantity.value);
    if quantity == 0 && body.quantity.is_some() {
        check.within("quantity", |check| check.integer("value", 0, 1..=1_000_000_000));
    }
    check.name("request", &body.request, false, EntryName::parse, ENTRY);
    check.enumeration::<OfferState>("state", body.state, true);
    let mut left = quantity.max(0);
    let moves =
        [("en_route", body.en_route), ("arrived", body.arrived), ("released", body.released)];
    for (field, moved) in moves.map(|(field, moved)| (field, i64::from(moved))) {
        check.integer(field, moved, 0..=left);
        left -= moved.clamp(0, left);
    }
    check.time("available_from", body.available_from.as_ref());
    check.time("expected_arrival_time", body.expected_arrival_time.as_ref());
    check.time("available_until", body.available_until.as_ref());
    check.text("host_support", &body.host_support, 0..=1_000);
    check.text("number", &body.number, 0..=64);
    check.enumeration::<ReliefModule>("module", body.module, false);
    check.enumeration::<HelpTransport>("transport", body.transport, false);
    check.text("entry_point", &body.entry_point, 0..=200);
    check.enumeration::<HelpCosts>("costs", body.costs, false);
    check.enumerations::<HostSupport>("needed_support", &body.needed_support, 16);
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::AssistanceOffer(body)) = &entry.body else {
        return String::new();
    };
    let what = format!("{} {}", amount(body.quantity.as_ref(), language), body.means);
    let needed = body.needed_support().map(|one| relief::support(one, language).to_owned());
    let in_words = Some(body.host_support.clone()).filter(|words| !words.is_empty());
    let needs: Vec<_> = needed.chain(in_words).collect();
    let needs = match needs.is_empty() {
        true => String::new(),
        false => format!("{} {}", language.pick("needs", "heeft nodig:"), needs.join(", ")),
    };
    let module = relief::module(body.module(), language).to_owned();
    let comes = relief::comes(body.transport(), &body.entry_point, language);
    let costs = relief::costs(body.costs(), language).to_owned();
    let number = relief::number(&body.number, language);
    let what = what.trim().to_owned();
    line([what, module, movement(body, language), comes, costs, needs, number])
}

/// `4 arrived, 6 en route`, or that it is offered or withdrawn.
fn movement(body: &AssistanceOffer, language: Language) -> String {
    let moves = [
        (body.en_route, language.pick("en route", "onderweg")),
        (body.arrived, language.pick("arrived", "aangekomen")),
        (body.released, language.pick("released", "vrijgegeven")),
    ];
    let withdrawn = body.state() == OfferState::Withdrawn;
    let withdrawn = withdrawn.then(|| language.pick("withdrawn", "ingetrokken").to_owned());
    let moved = moves.into_iter().filter(|(number, _)| *number > 0);
    let moved = moved.map(|(number, word)| format!("{} {word}", language.whole(number.into())));
    let said: Vec<_> = withdrawn.into_iter().chain(moved).collect();
    match said.is_empty() {
        true => language.pick("offered", "aangeboden").to_owned(),
        false => said.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::testing::{Wrong, changed, long, never, refuses, says, says_of};

    fn body(body: &mut Body) -> Option<&mut AssistanceOffer> {
        match body {
            Body::AssistanceOffer(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<AssistanceOffer>] = &[
            (|b| b.means.clear(), "means", "REQUIRED"),
            (|b| b.means = long(200), "means", "TOO_LONG"),
            (|b| (b.quantity, b.en_route, b.arrived) = (None, 0, 0), "quantity", "REQUIRED"),
            (
                |b| (b.quantity.as_mut().unwrap().value, b.en_route, b.arrived) = (0, 0, 0),
                "quantity.value",
                "OUT_OF_RANGE",
            ),
            (|b| b.request = "boats".into(), "request", "MALFORMED_NAME"),
            (|b| b.state = 0, "state", "REQUIRED"),
            (|b| b.state = 3, "state", "UNKNOWN_VALUE"),
            (|b| b.en_route = -1, "en_route", "OUT_OF_RANGE"),
            (|b| b.arrived = 7, "arrived", "OUT_OF_RANGE"),
            (|b| b.released = 1_000, "released", "OUT_OF_RANGE"),
            (|b| b.available_from = never(), "available_from", "TIME_OUT_OF_RANGE"),
            (|b| b.expected_arrival_time = never(), "expected_arrival_time", "TIME_OUT_OF_RANGE"),
            (|b| b.available_until = never(), "available_until", "TIME_OUT_OF_RANGE"),
            (|b| b.host_support = long(1_000), "host_support", "TOO_LONG"),
            (|b| b.number = long(64), "number", "TOO_LONG"),
            (|b| b.module = 99, "module", "UNKNOWN_VALUE"),
            (|b| b.transport = 99, "transport", "UNKNOWN_VALUE"),
            (|b| b.entry_point = long(200), "entry_point", "TOO_LONG"),
            (|b| b.costs = 99, "costs", "UNKNOWN_VALUE"),
            (|b| b.needed_support = vec![1, 1], "needed_support[1]", "DUPLICATE"),
        ];
        refuses("assistance_offer", body, rows);
    }

    #[test]
    fn the_line_says_where_it_is() {
        says(
            "assistance_offer",
            "10 high-capacity pumps, 6 en route, 3 arrived, needs diesel and quarters for 40",
            "10 high-capacity pumps, 6 onderweg, 3 aangekomen, heeft nodig: diesel and quarters \
             for 40",
        );
        let at_home = changed("assistance_offer", body, |b| {
            (b.en_route, b.arrived, b.host_support) = (0, 0, String::new());
        });
        says_of(
            &Entry { texts: Vec::new(), ..at_home },
            "10 high-capacity pumps, offered",
            "10 high-capacity pumps, aangeboden",
        );
    }

    #[test]
    fn help_of_another_country_says_how_it_comes_who_pays_and_what_it_needs() {
        let abroad = changed("assistance_offer", body, |b| {
            b.en_route = 0;
            b.arrived = 0;
            b.number = "CECIS 4711".into();
            b.module = ReliefModule::HighCapacityPumping.into();
            b.transport = HelpTransport::OwnRoad.into();
            b.entry_point = "Vaals".into();
            b.costs = HelpCosts::Giver.into();
            b.needed_support = vec![HostSupport::Fuel.into(), HostSupport::Guides.into()];
        });
        says_of(
            &Entry { texts: Vec::new(), ..abroad },
            "10 high-capacity pumps, high capacity pumping, offered, by road over Vaals, the giver \
             pays, needs fuel, guides, diesel and quarters for 40, no. CECIS 4711",
            "10 high-capacity pumps, pompen met grote capaciteit, aangeboden, over de weg via Vaals, \
             de gever betaalt, heeft nodig: brandstof, gidsen, diesel and quarters for 40, nr. CECIS \
             4711",
        );
    }
}
