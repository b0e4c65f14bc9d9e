//! Entries as lines: one glance says when, how urgent, who, where, what and how sure.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Color, Style};
use jiff::{Timestamp, tz::TimeZone};
use polder_picture::{attributes::millis, entry::summary_line};
use polder_wire::v1::{Entry, Incident, IncidentArchive, IncidentSeal, Mode, Urgency};

use super::words::{Words, grip};

/// How lines are written.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    /// Language.
    pub(super) words: Words,
    /// Columns.
    pub(super) width: usize,
    /// Colours.
    pub(super) colour: bool,
    /// Time zone of clock times.
    pub(super) zone: TimeZone,
    /// The node's clock, for what is stale; `None`: the system's.
    pub(super) now_ms: Option<i64>,
}

const ALARM: Style = Style::new()
    .fg_color(Some(Color::Ansi(AnsiColor::White)))
    .bg_color(Some(Color::Ansi(AnsiColor::Red)))
    .bold();
const WARN: Style = AnsiColor::Yellow.on_default();
const FAINT: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

impl Lines {
    /// For standard output as it is.
    pub(super) fn of_stdout(words: Words) -> Self {
        use std::io::IsTerminal as _;
        let terminal = std::io::stdout().is_terminal();
        let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        let width = terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0));
        Self { words, width: width.clamp(32, 160), colour, zone: TimeZone::system(), now_ms: None }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// A moment, in local time.
    pub(super) fn moment(&self, ms: i64) -> String {
        let Ok(at) = Timestamp::from_millisecond(ms) else { return "?".into() };
        let at = at.to_zoned(self.zone.clone());
        let months = self.words.0.pick(
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
            ["jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"],
        );
        let month = months[at.month() as usize - 1];
        let year = if (self.now() - ms).abs() > 300 * 86_400_000 {
            format!(" {}", at.year())
        } else {
            String::new()
        };
        format!("{} {month}{year} {:02}:{:02}", at.day(), at.hour(), at.minute())
    }

    /// The moment that ages are counted from.
    pub(super) fn now(&self) -> i64 {
        self.now_ms.unwrap_or_else(crate::wall::system_ms)
    }

    /// One version of an entry.
    pub(super) fn entry(&self, entry: &Entry) -> String {
        let when = entry.times.as_ref().and_then(|times| times.observed.as_ref());
        let when = when.or(entry.recorded_time.as_ref()).map_or(0, millis);
        let party = entry.party.trim_start_matches("parties/");
        let mut head = self.paint(FAINT, &self.moment(when));
        let urgency = entry.assessment.as_ref().map(|assessment| assessment.urgency());
        if urgency == Some(Urgency::Immediate) {
            let _ = write!(head, " {}", self.paint(ALARM, &format!(" {} ", self.words.urgent())));
        }
        let discipline = self.words.discipline(entry.discipline());
        let _ = write!(head, " {} {party}", self.paint(STRONG, discipline));
        let what = if entry.retracted {
            format!("{}: {}", self.words.retracted(), entry.retraction_reason)
        } else {
            summary_line(entry, self.words.0.pick("en", "nl"))
        };
        let mut text = String::new();
        if !entry.place.is_empty() && !what.contains(&entry.place) {
            let _ = write!(text, "{} — ", entry.place);
        }
        text.push_str(&what);
        let marks = self.marks(entry);
        let body = if marks.is_empty() { text } else { format!("{text} {marks}") };
        self.lay_out(&head, &body)
    }

    /// Head and body on one line where they fit, else the body below, indented.
    fn lay_out(&self, head: &str, body: &str) -> String {
        let visible = |text: &str| anstyle_len(text);
        if visible(head) + 2 + visible(body) <= self.width {
            return format!("{head}  {body}");
        }
        let options =
            textwrap::Options::new(self.width).initial_indent("    ").subsequent_indent("    ");
        format!("{head}\n{}", textwrap::fill(body, options))
    }

    fn marks(&self, entry: &Entry) -> String {
        let words = self.words;
        let state = entry.assessment.as_ref().and_then(|a| a.verification.as_ref());
        let state = state.map(|verification| verification.state()).unwrap_or_default();
        let mut marks = Vec::new();
        let verification = words.verification(state);
        if verification != words.verified() {
            marks.push(self.paint(FAINT, &format!("[{verification}]")));
        }
        if entry.expire_time.as_ref().is_some_and(|expire| millis(expire) <= self.now()) {
            marks.push(self.paint(WARN, &format!("[{}]", words.stale())));
        }
        if !entry.rivals.is_empty() {
            marks.push(self.paint(ALARM, &format!("[{}]", words.contradiction())));
        }
        if !entry.set_aside_reason.is_empty() {
            marks.push(self.paint(ALARM, &format!("[{}]", words.does_not_count())));
        }
        if entry.clock_unsynchronised {
            marks.push(self.paint(WARN, &format!("[{}]", words.warn_clock())));
        }
        marks.join(" ")
    }

    /// An incident.
    pub(super) fn incident(&self, incident: &Incident) -> String {
        let words = self.words;
        let mode = match incident.mode() {
            Mode::Actual => self.paint(STRONG, words.mode(Mode::Actual)),
            mode => self.paint(WARN, words.mode(mode)),
        };
        let id = incident.name.trim_start_matches("incidents/");
        let mut line = format!("{} {mode} {}", self.paint(STRONG, id), self.title(incident));
        let _ = write!(line, "\n    {} {}", words.phase(), words.phase_name(incident.phase()));
        for scaling in &incident.scalings {
            let region = scaling.region.trim_start_matches("parties/");
            let _ = write!(line, " · {region} {}", grip(scaling.grip()));
        }
        if incident.grip_rijk {
            line.push_str(" · GRIP Rijk");
        }
        let _ = write!(line, " · {} {}", incident.entry_count, words.entries());
        if incident.state == 2 {
            let _ = write!(line, " · {}", words.closed_state());
        }
        if !incident.rivals.is_empty() {
            let _ = write!(line, " {}", self.paint(ALARM, &format!("[{}]", words.contradiction())));
        }
        self.ending("", incident.seal.as_ref(), incident.archive.as_ref(), &mut line);
        for of in &incident.audience_endings {
            let whose = format!("{}: ", of.audience.trim_start_matches("audiences/"));
            self.ending(&whose, of.seal.as_ref(), of.archive.as_ref(), &mut line);
        }
        line
    }

    /// How a closed incident, or an audience of it, was sealed and archived, a line each.
    fn ending(
        &self,
        whose: &str,
        seal: Option<&IncidentSeal>,
        archive: Option<&IncidentArchive>,
        line: &mut String,
    ) {
        let words = self.words;
        if let Some(seal) = seal {
            let at = self.moment(seal.time.as_ref().map_or(0, millis));
            let (sealed, records) = (words.sealed(), words.records());
            let _ = write!(line, "\n    {whose}{sealed} {at}: {} {records}", seal.record_count);
            if seal.late_record_count > 0 {
                let late = format!("{} {}", seal.late_record_count, words.late());
                let _ = write!(line, " · {}", self.paint(WARN, &late));
            }
            if seal.feeds_left_out > 0 {
                let _ = write!(line, " · {} {}", seal.feeds_left_out, words.feeds_unsealed());
            }
        }
        if let Some(archive) = archive {
            let at = self.moment(archive.time.as_ref().map_or(0, millis));
            let hash = hex::encode(&archive.hash[..archive.hash.len().min(8)]);
            let (archived, records) = (words.archived(), words.records());
            let _ = write!(line, "\n    {whose}{} {at}: ", self.paint(STRONG, archived));
            let _ = write!(line, "{} {records} {} {hash}…", archive.record_count, words.only_in());
            if archive.addendum_record_count > 0 {
                let since = format!("{} {}", archive.addendum_record_count, words.came_since());
                let _ = write!(line, " · {}", self.paint(WARN, &since));
            }
            if archive.clearing {
                let _ = write!(line, " · {}", words.clearing());
            }
        }
    }

    /// An incident's title in the reader's language, or else its first.
    pub(super) fn title<'i>(&self, incident: &'i Incident) -> &'i str {
        let tag = self.words.0.pick("en", "nl");
        let titles = &incident.titles;
        let title = titles.iter().find(|title| title.language.starts_with(tag));
        title.or(titles.first()).map_or("", |title| title.title.as_str())
    }

    /// A warning about a contradiction: bold heading.
    pub(super) fn heading(&self, text: &str) -> String {
        self.paint(STRONG, text)
    }

    /// Something to look at.
    pub(super) fn alarm(&self, text: &str) -> String {
        self.paint(ALARM, text)
    }

    /// Something to keep in mind.
    pub(super) fn warn(&self, text: &str) -> String {
        self.paint(WARN, text)
    }

    /// Something that matters less.
    pub(super) fn faint(&self, text: &str) -> String {
        self.paint(FAINT, text)
    }
}

/// Columns that a painted text takes.
fn anstyle_len(text: &str) -> usize {
    textwrap::core::display_width(text)
}

/// Bytes as people read them.
pub(super) fn bytes(bytes: i64) -> String {
    indicatif::BinaryBytes(bytes.max(0) as u64).to_string()
}

#[cfg(test)]
mod tests {
    use polder_picture::{kinds::examples::examples, language::Language};

    use super::*;

    #[test]
    fn every_kind_fits_a_narrow_terminal_in_both_languages() {
        for language in [Language::English, Language::Dutch] {
            let style = Lines {
                words: Words(language),
                width: 40,
                colour: false,
                zone: TimeZone::UTC,
                now_ms: Some(0),
            };
            for (kind, entry) in examples() {
                let shown = style.entry(&entry);
                let widest = shown.lines().skip(1).map(|line| line.chars().count()).max();
                assert!(widest.unwrap_or(0) <= 40, "{kind}: {shown}");
            }
        }
    }
}
