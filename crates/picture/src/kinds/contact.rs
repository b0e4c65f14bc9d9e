//! A line of the book of numbers and addresses that the public is told to turn to.

use polder_wire::v1::{Contact, ContactPurpose, Entry, entry::Body};

use super::{Kind, line, subject};
use crate::{
    check::Checker,
    language::Language,
    team::book::{mail, telephone, web},
};

pub(super) const KIND: Kind = Kind {
    field: 124,
    name: "contact",
    // It counts until the time is over that its author gave it, or until it is withdrawn.
    useful_life: None,
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Contact(body)) = &entry.body else {
        return;
    };
    check.line("name", &body.name, 1..=200);
    check.enumeration::<ContactPurpose>("purpose", body.purpose, true);
    check.line("telephone", &body.telephone, 0..=40);
    check.line("web", &body.web, 0..=200);
    check.line("mail", &body.mail, 0..=200);
    check.line("address", &body.address, 0..=200);
    let Contact { telephone: number, web: site, mail: post, address, .. } = body;
    let malformed = "MALFORMED_CONTACT";
    if !number.is_empty() && telephone(number).is_none() {
        let sentence = "is no telephone number: digits as they are dialled, such as 112, 0900-1234, \
                        043-3505000 or +31 43 350 50 00";
        check.wrong("telephone", malformed, sentence);
    }
    if !site.is_empty() && web(site).is_none() {
        check.wrong("web", malformed, "is no web address, such as example.org/high-water");
    }
    if !post.is_empty() && mail(post).is_none() {
        check.wrong("mail", malformed, "is no mail address, such as questions@example.org");
    }
    if [number, site, post, address].iter().all(|told| told.trim().is_empty()) {
        let sentence = "is required, or web, mail or address";
        check.wrong("telephone", "REQUIRED", sentence);
    }
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Contact(body)) = &entry.body else {
        return String::new();
    };
    let checked = match body.checked {
        true => language.pick("checked", "gecontroleerd"),
        false => language.pick("not checked", "niet gecontroleerd"),
    };
    line([
        subject(entry, &body.name),
        purpose_word(body.purpose(), language).to_owned(),
        body.telephone.clone(),
        body.web.clone(),
        body.mail.clone(),
        body.address.clone(),
        checked.to_owned(),
    ])
}

fn purpose_word(purpose: ContactPurpose, language: Language) -> &'static str {
    match purpose {
        ContactPurpose::Unspecified => "",
        ContactPurpose::PublicInformation => language.pick("questions", "vragen"),
        ContactPurpose::Emergency => language.pick("life in danger", "levensgevaar"),
        ContactPurpose::Medical => language.pick("medical", "medisch"),
        ContactPurpose::Relatives => language.pick("looking for somebody", "iemand zoeken"),
        ContactPurpose::Reception => language.pick("reception and transport", "opvang en vervoer"),
        ContactPurpose::Utilities => {
            language.pick("power, gas, water, telecom", "stroom, gas, water, telecom")
        }
        ContactPurpose::Police => language.pick("police, without haste", "politie, geen spoed"),
        ContactPurpose::Press => language.pick("press", "pers"),
        ContactPurpose::Damage => language.pick("damage", "schade"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::testing::{Wrong, long, refuses, says};

    fn body(body: &mut Body) -> Option<&mut Contact> {
        match body {
            Body::Contact(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let nothing: fn(&mut Contact) = |b| {
            for told in [&mut b.telephone, &mut b.web, &mut b.mail, &mut b.address] {
                told.clear();
            }
        };
        let rows: &[Wrong<Contact>] = &[
            (|b| b.name.clear(), "name", "REQUIRED"),
            (|b| b.name = "Balie\nhal".into(), "name", "LINE_BREAK"),
            (|b| b.purpose = 0, "purpose", "REQUIRED"),
            (|b| b.purpose = 10, "purpose", "UNKNOWN_VALUE"),
            (|b| b.telephone = "bel 112".into(), "telephone", "MALFORMED_CONTACT"),
            (|b| b.telephone = "12".into(), "telephone", "MALFORMED_CONTACT"),
            (|b| b.web = "hoogwater".into(), "web", "MALFORMED_CONTACT"),
            (|b| b.mail = "example.org".into(), "mail", "MALFORMED_CONTACT"),
            (|b| b.address = long(200), "address", "TOO_LONG"),
            (nothing, "telephone", "REQUIRED"),
        ];
        refuses("contact", body, rows);
    }

    #[test]
    fn the_line_says_what_to_call_and_whether_it_was_checked() {
        says(
            "contact",
            "Publieksinformatie, questions, 043 - 000 00 00, https://www.example.org/hoogwater, \
             vragen@example.org, Voorbeeldlaan 1, Maastricht, checked",
            "Publieksinformatie, vragen, 043 - 000 00 00, https://www.example.org/hoogwater, \
             vragen@example.org, Voorbeeldlaan 1, Maastricht, gecontroleerd",
        );
    }
}
