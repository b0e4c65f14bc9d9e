//! The measures of a review in words.

use polder_picture::attributes::millis;
use polder_wire::v1::{GetReviewResponse, Spread};

use super::MINUTE_MS;
use crate::cli::{show::Lines, words::Words};

/// Parties that are named with how much they said.
const PARTIES_MAX: usize = 10;

/// One line for each measure that there is.
pub(super) fn measures(lines: &Lines, told: &GetReviewResponse) -> Vec<String> {
    let words = lines.words;
    let mut listed = Vec::new();
    let mut measure = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            listed.push(format!("{name}: {value}"));
        }
    };
    let age = |time: &prost_types::Duration| words.age(length(time));
    measure(words.review_first(), told.first_after.as_ref().map(age));
    measure(words.review_described(), told.described_after.as_ref().map(age));
    let (count, of) = (told.version_count, told.entry_count);
    let said = format!("{count} {} {of} {}", words.review_versions_of(), words.review_entries());
    measure(words.review_said(), Some(said));
    let busiest = told.busiest_hour.as_ref().map(|hour| lines.moment(millis(hour)));
    measure(words.review_busiest(), busiest.map(|hour| format!("{}, {hour}", told.busiest_count)));
    measure(words.review_parties(), parties(words, told));
    measure(words.review_people(), people(words, told));
    measure(words.review_written_after(), spread(words, told.written_after.as_ref()));
    measure(words.review_here_after(), spread(words, told.arrived_after.as_ref()));
    measure(words.review_attention(), attention(words, told));
    let open = told.contradiction_count - told.decided_count;
    let mut contradicting =
        format!("{}, {} {open}", told.contradiction_count, words.of_which_open());
    if let (Some(oldest), Some(middle)) = (&told.oldest_open_time, &told.middle_open_time) {
        let ago = |time| words.age(lines.now() - millis(time));
        let (half, longest) = (ago(middle), ago(oldest));
        let (open_for, at_most) = (words.review_open_for(), words.review_open_longest());
        contradicting.push_str(&format!(" ({open_for} {half}, {at_most} {longest})"));
    }
    measure(words.contradicting(), Some(contradicting));
    measure(words.review_decided_after(), spread(words, told.decided_after.as_ref()));
    measure(words.review_unanswered(), Some(told.unanswered_count.to_string()));
    let stale = format!("{} {} {}", told.stale_count, words.review_of(), told.figure_count);
    measure(words.review_stale(), Some(stale));
    listed
}

fn parties(words: Words, told: &GetReviewResponse) -> Option<String> {
    let said = told.parties.iter().take(PARTIES_MAX);
    let named = said
        .map(|one| format!("{} {}", one.party.trim_start_matches("parties/"), one.version_count));
    let mut named: Vec<_> = named.collect();
    let more = told.parties.len() + told.parties_left_out.max(0) as usize - named.len();
    if more > 0 {
        named.push(format!("{more} {}", words.parties_more()));
    }
    Some(named.join(", ")).filter(|named| !named.is_empty())
}

/// How much each person wrote in an hour in which they did; nothing when nobody had signed in.
fn people(words: Words, told: &GetReviewResponse) -> Option<String> {
    if told.people_hours <= 0 {
        return None;
    }
    let rate = f64::from(told.people_version_count) / f64::from(told.people_hours);
    let rate = words.0.number((rate * 10.0).round() / 10.0);
    Some(format!("{rate} ({} {})", told.people_count, words.review_people_signed_in()))
}

/// How many were asked to see something, how many did, and how soon.
fn attention(words: Words, told: &GetReviewResponse) -> Option<String> {
    (told.asked_count > 0).then(|| {
        let mut text = format!(
            "{} {}, {} {}, {} {}",
            told.asked_count,
            words.review_asked(),
            told.read_count,
            words.read_by(),
            told.overdue_count,
            words.too_late().to_lowercase()
        );
        if let Some(spread) = spread(words, told.read_after.as_ref()) {
            text.push_str(&format!(" ({spread})"));
        }
        text
    })
}

/// The share of some times that matters: half are below, one in ten above.
fn spread(words: Words, told: Option<&Spread>) -> Option<String> {
    let told = told.filter(|told| told.count > 0)?;
    let time = |time: &Option<prost_types::Duration>| time.as_ref().map_or(0, length);
    let (half, most) = (time(&told.half_within), time(&told.tenth_above));
    let (within, above) = (words.review_half_within(), words.review_tenth_above());
    Some(format!("{within} {}, {above} {}", took(words, half), took(words, most)))
}

/// Milliseconds.
fn length(time: &prost_types::Duration) -> i64 {
    time.seconds.saturating_mul(1_000).saturating_add(i64::from(time.nanos) / 1_000_000)
}

/// How long something took, to the nearest minute.
pub(super) fn took(words: Words, ms: i64) -> String {
    words.age(ms + MINUTE_MS / 2)
}
