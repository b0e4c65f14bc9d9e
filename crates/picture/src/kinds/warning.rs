//! A warning or advice to the public, or its withdrawal.

use polder_wire::v1::{
    Entry, ResponseType, WarningChannel, WarningColour, WarningState, entry::Body,
};

use super::{Kind, bracketed, decision::VERSION, line};
use crate::{check::Checker, language::Language, names::VersionName};

pub(super) const KIND: Kind = Kind {
    field: 110,
    name: "warning",
    // It stands until `expires` or until it is withdrawn; nobody may think that it has gone.
    useful_life: None,
    settles_itself: false,
    text_required: false,
    check,
    figures,
};

fn check(entry: &Entry, check: &mut Checker<'_>) {
    let Some(Body::Warning(body)) = &entry.body else {
        return;
    };
    check.enumeration::<WarningState>("state", body.state, true);
    check.enumerations::<ResponseType>("responses", &body.responses, 8);
    check.enumerations::<WarningChannel>("channels", &body.channels, 8);
    check.text("audience", &body.audience, 0..=200);
    check.enumeration::<WarningColour>("colour", body.colour, false);
    check.time("expires", body.expires.as_ref());
    check.text("unchecked_reason", &body.unchecked_reason, 0..=500);
    let mut seen = Vec::new();
    check.each("contacts", &body.contacts, 0..=16, |check, line| {
        check.name("", line, true, VersionName::parse, VERSION);
        if seen.contains(line) {
            check.wrong("", "DUPLICATE", "is given twice");
        }
        seen.push(line.clone());
    });
}

fn figures(entry: &Entry, language: Language) -> String {
    let Some(Body::Warning(body)) = &entry.body else {
        return String::new();
    };
    let channels: Vec<_> = body.channels().map(|channel| channel_word(channel, language)).collect();
    let responses: Vec<_> = body.responses().map(|what| response_word(what, language)).collect();
    line([
        colour_word(body.colour(), language).to_owned(),
        bracketed(state_word(body.state(), language).to_owned(), &channels.join(", ")),
        responses.join(", "),
        body.audience.clone(),
    ])
}

fn state_word(state: WarningState, language: Language) -> &'static str {
    match state {
        WarningState::Unspecified => "",
        WarningState::Draft => language.pick("draft", "concept"),
        WarningState::Issued => language.pick("issued", "uitgegeven"),
        WarningState::Corrected => language.pick("corrected", "gecorrigeerd"),
        WarningState::Withdrawn => language.pick("withdrawn", "ingetrokken"),
    }
}

fn response_word(response: ResponseType, language: Language) -> &'static str {
    match response {
        ResponseType::Unspecified => "",
        ResponseType::Shelter => language.pick("take shelter", "ga schuilen"),
        ResponseType::Evacuate => language.pick("evacuate", "evacueer"),
        ResponseType::Prepare => language.pick("prepare", "bereid je voor"),
        ResponseType::Execute => language.pick("carry out the plan", "voer het plan uit"),
        ResponseType::Avoid => language.pick("stay away", "blijf weg"),
        ResponseType::Monitor => language.pick("follow the news", "volg het nieuws"),
        ResponseType::Assess => language.pick("judge for yourself", "beoordeel zelf"),
        ResponseType::AllClear => language.pick("all clear", "alles veilig"),
        ResponseType::None => language.pick("nothing to do", "geen actie nodig"),
    }
}

fn channel_word(channel: WarningChannel, language: Language) -> &'static str {
    match channel {
        WarningChannel::Unspecified => "",
        WarningChannel::NlAlert => "NL-Alert",
        WarningChannel::Siren => language.pick("siren", "sirene"),
        WarningChannel::Broadcast => language.pick("radio and television", "radio en televisie"),
        WarningChannel::Web => "web",
        WarningChannel::Social => language.pick("social media", "sociale media"),
        WarningChannel::DoorToDoor => language.pick("door to door", "huis aan huis"),
        WarningChannel::Telephone => language.pick("telephone", "telefoon"),
        WarningChannel::Press => language.pick("press", "pers"),
    }
}

fn colour_word(colour: WarningColour, language: Language) -> &'static str {
    match colour {
        WarningColour::Unspecified => "",
        WarningColour::Green => language.pick("code green", "code groen"),
        WarningColour::Yellow => language.pick("code yellow", "code geel"),
        WarningColour::Orange => language.pick("code orange", "code oranje"),
        WarningColour::Red => language.pick("code red", "code rood"),
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::Warning;

    use super::*;
    use crate::kinds::testing::{Wrong, long, never, refuses, says};

    const LINE: &str = "incidents/maas/entries/0197b3a5-4f1c-7d2e-8a3b-5c6d7e8f9a0b/versions/\
                        000102030405060708090a0b0c0d0e0f-7";

    fn body(body: &mut Body) -> Option<&mut Warning> {
        match body {
            Body::Warning(body) => Some(body),
            _ => None,
        }
    }

    #[test]
    fn wrong_bodies_are_refused() {
        let rows: &[Wrong<Warning>] = &[
            (|b| b.state = 0, "state", "REQUIRED"),
            (|b| b.state = 5, "state", "UNKNOWN_VALUE"),
            (|b| b.responses = (1..=9).collect(), "responses", "TOO_MANY"),
            (|b| b.responses = vec![2, 2], "responses[1]", "DUPLICATE"),
            (|b| b.responses = vec![10], "responses[0]", "UNKNOWN_VALUE"),
            (|b| b.channels = vec![1; 9], "channels", "TOO_MANY"),
            (|b| b.channels = vec![1, 2, 1], "channels[2]", "DUPLICATE"),
            (|b| b.channels = vec![9], "channels[0]", "UNKNOWN_VALUE"),
            (|b| b.audience = long(200), "audience", "TOO_LONG"),
            (|b| b.colour = 5, "colour", "UNKNOWN_VALUE"),
            (|b| b.expires = never(), "expires", "TIME_OUT_OF_RANGE"),
            (|b| b.unchecked_reason = long(500), "unchecked_reason", "TOO_LONG"),
            (|b| b.contacts = vec!["112".into()], "contacts[0]", "MALFORMED_NAME"),
            (|b| b.contacts = vec![LINE.into(), LINE.into()], "contacts[1]", "DUPLICATE"),
            (|b| b.contacts = vec![String::new(); 17], "contacts", "TOO_MANY"),
        ];
        refuses("warning", body, rows);
    }

    #[test]
    fn the_line_says_what_people_should_do() {
        says(
            "warning",
            "code red, issued (NL-Alert, siren), evacuate, stay away, everybody along the Maas",
            "code rood, uitgegeven (NL-Alert, sirene), evacueer, blijf weg, \
             everybody along the Maas",
        );
    }
}
