//! A message between people in the picture. The texts say what it says.

use polder_wire::v1::{Entry, entry::Body};

use super::{Kind, line};
use crate::{
    check::{Checker, ENTRY},
    language::Language,
    names::EntryName,
};

pub(super) const KIND: Kind = Kind {
    field: 115,
    name: "message",
    // Was said, and stays said.
    useful_life: None,
    settles_itself: false,
    text_required: true,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Message(body)) = &entry.body else {
        return;
    };
    check.each("addressees", &body.addressees, 0..=32, |check, addressee| {
        check.party_or_role("", addressee, 1..=200);
    });
    check.name("in_reply_to", &body.in_reply_to, false, EntryName::parse, ENTRY);
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Message(body)) = &entry.body else {
        return String::new();
    };
    let short = |name: &String| name.strip_prefix("parties/").unwrap_or(name).to_owned();
    match body.addressees.as_slice() {
        [] => String::new(),
        [one] => line([format!("{} {}", language.pick("to", "aan"), short(one))]),
        [first, others @ ..] => {
            let words = language.pick("to", "aan");
            line([format!("{words} {} +{}", short(first), others.len())])
        }
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::Message;

    use super::*;
    use crate::kinds::testing::{Wrong, changed, long, refuses, says, says_of};

    fn body(body: &mut Body) -> Option<&mut Message> {
        match body {
            Body::Message(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Message>] = &[
            (|b| b.addressees = vec!["ROT".into(); 33], "addressees", "TOO_MANY"),
            (|b| b.addressees[1].clear(), "addressees[1]", "REQUIRED"),
            (|b| b.addressees[1] = long(200), "addressees[1]", "TOO_LONG"),
            (|b| b.addressees[0] = "parties/A B".into(), "addressees[0]", "MALFORMED_NAME"),
            (|b| b.in_reply_to = "incidents/a".into(), "in_reply_to", "MALFORMED_NAME"),
        ];
        refuses("message", body, rows);
    }

    #[test]
    fn the_line_says_to_whom() {
        says("message", "to waterschap-limburg +1", "aan waterschap-limburg +1");
        let one = changed("message", body, |b| b.addressees.truncate(1));
        says_of(&one, "to waterschap-limburg", "aan waterschap-limburg");
        let all = changed("message", body, |b| b.addressees.clear());
        says_of(&all, "", "");
    }
}
