//! The one line that a tired officer reads: what the entry says, and its key figures.
//!
//! No times: the line does not know in which zone it is read, and a wrong hour is worse than none.

use polder_wire::v1::{Entry, Statement, Text};

use crate::{kinds, language::Language};

/// A body that stands in for a missing title is cut here, in characters.
const BODY_MAX: usize = 100;

/// One line: the title in `language` (a BCP 47 tag), else in the original, then the key figures in
/// that language (Dutch or else English). Tells apart what is assumed or forecast.
pub fn summary_line(entry: &Entry, language: &str) -> String {
    let words = Language::of(language);
    let kind = kinds::of(entry);
    let title = text_in(&entry.texts, language).map(headline).unwrap_or_default();
    let figures = kind.map(|kind| (kind.figures)(entry, words)).unwrap_or_default();
    let mut line = match (title.is_empty(), figures.is_empty()) {
        (false, false) => format!("{title}: {figures}"),
        (false, true) => title,
        (true, false) => figures,
        (true, true) => kind.map_or_else(|| entry.place.clone(), |kind| kind.name.to_owned()),
    };
    line.push_str(match entry.statement() {
        Statement::Assumption => words.pick(" (assumption)", " (aanname)"),
        Statement::Forecast => words.pick(" (forecast)", " (prognose)"),
        _ => "",
    });
    line
}

/// The text in exactly this language, else in a variant of it, else the original.
fn text_in<'a>(texts: &'a [Text], language: &str) -> Option<&'a Text> {
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let wanted = primary(language);
    texts
        .iter()
        .find(|text| text.language.eq_ignore_ascii_case(language))
        .or_else(|| texts.iter().find(|text| primary(&text.language) == wanted))
        .or_else(|| texts.first())
}

fn headline(text: &Text) -> String {
    if !text.title.trim().is_empty() {
        return text.title.trim().to_owned();
    }
    let first = text.body.trim().lines().next().unwrap_or_default();
    match first.char_indices().nth(BODY_MAX) {
        Some((end, _)) => format!("{}…", first[..end].trim_end()),
        None => first.trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::{Message, entry::Body};

    use super::*;
    use crate::kinds::examples::examples;

    fn text(language: &str, title: &str, body: &str) -> Text {
        let (language, title, body) = (language.into(), title.into(), body.into());
        Text { language, title, body, machine_translated: false }
    }

    fn entry(texts: Vec<Text>) -> Entry {
        Entry { texts, body: Some(Body::Message(Message::default())), ..Entry::default() }
    }

    #[test]
    fn the_title_is_in_the_language_asked_for_or_the_original() {
        let entry = entry(vec![
            text("pap", "Awa ta subi", ""),
            text("nl-NL", "Water stijgt", ""),
            text("en", "Water rises", ""),
        ]);
        assert_eq!(summary_line(&entry, "en"), "Water rises");
        assert_eq!(summary_line(&entry, "nl"), "Water stijgt");
        assert_eq!(summary_line(&entry, "de"), "Awa ta subi");
    }

    #[test]
    fn a_body_stands_in_for_a_title() {
        let short = entry(vec![text("nl", "", "Dijk lekt.\nMeer volgt.")]);
        assert_eq!(summary_line(&short, "nl"), "Dijk lekt.");
        let long = entry(vec![text("nl", "", &"é".repeat(101))]);
        assert_eq!(summary_line(&long, "nl"), format!("{}…", "é".repeat(100)));
    }

    #[test]
    fn every_kind_says_something_in_both_languages() {
        for (kind, mut entry) in examples() {
            entry.texts.clear();
            entry.statement = Statement::Fact.into();
            for language in ["en", "nl"] {
                let line = summary_line(&entry, language);
                assert!(!line.is_empty() && !line.contains('\n'), "{kind}: {line}");
            }
        }
    }

    #[test]
    fn what_is_not_a_fact_says_so() {
        let mut entry = entry(vec![text("nl", "Piek volgt", "")]);
        entry.statement = Statement::Forecast.into();
        assert_eq!(summary_line(&entry, "nl"), "Piek volgt (prognose)");
        assert_eq!(summary_line(&entry, "en"), "Piek volgt (forecast)");
        entry.statement = Statement::Assumption.into();
        assert_eq!(summary_line(&entry, "nl-BE"), "Piek volgt (aanname)");
    }

    #[test]
    fn what_says_nothing_is_named_by_its_kind_or_place() {
        assert_eq!(summary_line(&entry(Vec::new()), "nl"), "message");
        let opaque = Entry { place: "Lomm".into(), ..Entry::default() };
        assert_eq!(summary_line(&opaque, "nl"), "Lomm");
    }
}
