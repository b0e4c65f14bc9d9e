//! A sitrep as a page in one language, and that page as text, Markdown and HTML.

use std::fmt::Write as _;

use polder_picture::attributes::millis;
use polder_wire::v1::{Sitrep, SitrepLine};
use serde::Serialize;

use crate::cli::show::Lines;

/// A page: a title, facts about it, and sections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Page {
    /// Language tag.
    pub(super) language: &'static str,
    /// One line.
    pub(super) title: String,
    /// Name and value.
    pub(super) facts: Vec<(String, String)>,
    /// Sections in order.
    pub(super) sections: Vec<Section>,
}

/// A section: a heading, words of whoever issues it, lines, and what was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Section {
    /// One line.
    pub(super) heading: String,
    /// Empty: none.
    pub(super) remark: String,
    /// What is listed.
    pub(super) lines: Vec<String>,
    /// What is not, or that there is nothing. Empty: nothing to say.
    pub(super) note: String,
}

/// The page of a sitrep. `recalled`: why it was withdrawn.
pub(super) fn page(lines: &Lines, sitrep: &Sitrep, recalled: Option<&str>) -> Page {
    let words = lines.words;
    let at = |time: &Option<prost_types::Timestamp>| {
        time.as_ref().map(|time| lines.moment(millis(time))).unwrap_or_default()
    };
    let number = match sitrep.number {
        0 => words.a_draft().to_owned(),
        number => format!("{number}.{}", sitrep.version),
    };
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            facts.push((name.to_owned(), value));
        }
    };
    fact(words.sitrep_recalled(), recalled.unwrap_or_default().to_owned());
    fact(words.issued(), at(&sitrep.issued_time));
    fact(words.issued_by(), sitrep.issued_by.clone());
    fact(words.picture_of(), at(&sitrep.known_at));
    fact(words.scaling(), sitrep.scalings.join(", "));
    fact(words.next_one(), at(&sitrep.next_time));
    let sections = sitrep.sections.iter().map(|section| {
        let note = match (section.lines.len(), section.stale_left_out, section.left_out) {
            (0, 0, 0) => words.nothing_there().to_owned(),
            (_, stale, more) => [(stale, words.stale_left_out()), (more, words.more_left_out())]
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, what)| format!("{count} {what}"))
                .collect::<Vec<_>>()
                .join(", "),
        };
        Section {
            heading: words.theme(section.theme()).to_owned(),
            remark: section.remark.clone(),
            lines: section.lines.iter().map(|line| line_of(lines, line)).collect(),
            note,
        }
    });
    let title = format!("{} {number} {}", words.sitrep(), sitrep.team).trim_end().to_owned();
    let sections = sections.collect();
    Page { language: words.0.pick("en", "nl"), title, facts, sections }
}

/// What it says, who says it and when, and what is not sure.
fn line_of(lines: &Lines, line: &SitrepLine) -> String {
    let words = lines.words;
    let said = words.0.pick(&line.english, &line.dutch);
    let party = line.party.trim_start_matches("parties/");
    let mut text = format!("{said} ({party}");
    if let Some(observed) = &line.observed {
        let _ = write!(text, ", {}", lines.moment(millis(observed)));
    }
    if line.unverified {
        let _ = write!(text, ", {}", words.unverified());
    }
    if line.stale {
        let _ = write!(text, ", {}", words.stale());
    }
    text.push(')');
    // A line stays one, whatever was written.
    text.replace(['\n', '\t'], " ")
}

impl Page {
    /// As plain text of so many columns.
    pub(super) fn text(&self, width: usize) -> String {
        let mut out = format!("{}\n", self.title);
        for (name, value) in &self.facts {
            out.push_str(&format!("{name}: {value}\n"));
        }
        for section in &self.sections {
            out.push_str(&format!("\n{}\n", section.heading.to_uppercase()));
            if !section.remark.is_empty() {
                out.push_str(&format!("{}\n", textwrap::fill(&section.remark, width)));
            }
            let options =
                textwrap::Options::new(width).initial_indent("- ").subsequent_indent("  ");
            for line in &section.lines {
                out.push_str(&format!("{}\n", textwrap::fill(line, &options)));
            }
            if !section.note.is_empty() {
                out.push_str(&format!("({})\n", section.note));
            }
        }
        out
    }

    /// As Markdown.
    pub(super) fn markdown(&self) -> String {
        let mut out = format!("# {}\n\n", marked(&self.title));
        for (name, value) in &self.facts {
            out.push_str(&format!("- **{}**: {}\n", marked(name), marked(value)));
        }
        for section in &self.sections {
            out.push_str(&format!("\n## {}\n\n", marked(&section.heading)));
            if !section.remark.is_empty() {
                out.push_str(&format!("{}\n\n", marked(&section.remark)));
            }
            for line in &section.lines {
                out.push_str(&format!("- {}\n", marked(line)));
            }
            if !section.note.is_empty() {
                let space = if section.lines.is_empty() { "" } else { "\n" };
                out.push_str(&format!("{space}*{}*\n", marked(&section.note)));
            }
        }
        out
    }

    /// As a page for a browser, without scripts, styles of its own or anything to fetch.
    pub(super) fn html(&self) -> String {
        let title = escaped(&self.title);
        let mut out = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n<dl>\n",
            self.language
        );
        for (name, value) in &self.facts {
            out.push_str(&format!("<dt>{}</dt><dd>{}</dd>\n", escaped(name), escaped(value)));
        }
        out.push_str("</dl>\n");
        for section in &self.sections {
            out.push_str(&format!("<h2>{}</h2>\n", escaped(&section.heading)));
            for paragraph in section.remark.lines().filter(|line| !line.trim().is_empty()) {
                out.push_str(&format!("<p>{}</p>\n", escaped(paragraph)));
            }
            if !section.lines.is_empty() {
                out.push_str("<ul>\n");
                for line in &section.lines {
                    out.push_str(&format!("<li>{}</li>\n", escaped(line)));
                }
                out.push_str("</ul>\n");
            }
            if !section.note.is_empty() {
                out.push_str(&format!("<p><em>{}</em></p>\n", escaped(&section.note)));
            }
        }
        out.push_str("</body>\n</html>\n");
        out
    }
}

/// What others wrote is text, not markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The same for Markdown.
fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\`*_[]<>#|".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hostile() -> Page {
        let evil = "<script>alert(1)</script> *x* [y](z) & \"q\"".to_owned();
        let section = Section {
            heading: evil.clone(),
            remark: evil.clone(),
            lines: vec![evil.clone()],
            note: evil.clone(),
        };
        let facts = vec![(evil.clone(), evil.clone())];
        Page { language: "nl", title: evil, facts, sections: vec![section] }
    }

    #[test]
    fn what_others_wrote_is_text_in_every_form() {
        let page = hostile();
        let html = page.html();
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"), "{html}");
        let markdown = page.markdown();
        assert!(!markdown.contains("[y](") && !markdown.contains(" *x*"), "{markdown}");
        assert!(page.text(80).contains("<script>"), "plain text needs no escape");
    }
}
