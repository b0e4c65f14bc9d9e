//! Checking a message field by field, remembering the path, collecting what is wrong.
//!
//! ```
//! use polder_picture::check::Checker;
//!
//! let mut check = Checker::new("items[0].entry");
//! check.within("times", |check| check.range("offset_h", 30.0, 0.0..=24.0));
//! let refusal = check.finish().unwrap_err();
//! assert_eq!(refusal.fields[0].field, "items[0].entry.times.offset_h");
//! ```

use std::{fmt::Write as _, ops::RangeInclusive};

use prost_types::Timestamp;

use crate::{
    names::PartyName,
    refusal::{Refusal, Violation},
};

/// The form of a party's name, as sentences show it.
pub(crate) const PARTY: &str = "parties/{party}";
/// The form of an entry's name, as sentences show it.
pub(crate) const ENTRY: &str = "incidents/{incident}/entries/{entry}";

/// More wrong fields than this are not listed: the answer must fit in a trailer.
const VIOLATIONS_MAX: usize = 16;

/// 1970-01-01 and 2200-01-01, seconds.
const SECONDS: RangeInclusive<i64> = 0..=7_258_118_400;

/// Collects violations while a message is walked.
#[derive(Debug)]
pub struct Checker<'a> {
    root: &'a str,
    path: Vec<(&'static str, Option<usize>)>,
    violations: Vec<Violation>,
}

impl<'a> Checker<'a> {
    /// Starts at `root`, the path of the message within its request.
    pub fn new(root: &'a str) -> Self {
        Self { root, path: Vec::new(), violations: Vec::new() }
    }

    /// Ends the check: nothing wrong, or a refusal with every wrong field (at most 16).
    pub fn finish(self) -> Result<(), Refusal> {
        Refusal::violations(self.violations).map_or(Ok(()), Err)
    }

    /// True when nothing is wrong so far.
    pub fn is_sound(&self) -> bool {
        self.violations.is_empty()
    }

    /// Walks into a field.
    pub fn within(&mut self, field: &'static str, walk: impl FnOnce(&mut Self)) {
        self.path.push((field, None));
        walk(self);
        self.path.pop();
    }

    /// Steps out of the current field for a rule that binds it to a field beside it.
    pub fn beside(&mut self, walk: impl FnOnce(&mut Self)) {
        let here = self.path.pop();
        walk(self);
        self.path.extend(here);
    }

    /// Walks into each item of a repeated field, after checking how many there are.
    pub fn each<T>(
        &mut self,
        field: &'static str,
        items: &[T],
        count: RangeInclusive<usize>,
        mut walk: impl FnMut(&mut Self, &T),
    ) {
        if items.len() < *count.start() {
            let sentence = format!("needs at least {} item(s), has {}", count.start(), items.len());
            return self.wrong(field, "TOO_FEW", sentence);
        }
        if items.len() > *count.end() {
            let sentence =
                format!("has {} items, at most {} are allowed", items.len(), count.end());
            return self.wrong(field, "TOO_MANY", sentence);
        }
        for (index, item) in items.iter().enumerate() {
            if self.violations.len() >= VIOLATIONS_MAX {
                return;
            }
            self.path.push((field, Some(index)));
            walk(self, item);
            self.path.pop();
        }
    }

    /// Notes that a field is wrong. `sentence` goes on from the field's path, without a full stop.
    pub fn wrong(
        &mut self,
        field: &'static str,
        reason: &'static str,
        sentence: impl Into<String>,
    ) {
        if self.violations.len() >= VIOLATIONS_MAX {
            return;
        }
        let mut path = self.root.to_owned();
        for (name, index) in self.path.iter().copied().chain([(field, None)]) {
            if !path.is_empty() && !name.is_empty() {
                path.push('.');
            }
            path.push_str(name);
            if let Some(index) = index {
                write!(path, "[{index}]").expect("writing to a String cannot fail");
            }
        }
        self.violations.push(Violation { field: path, reason, sentence: sentence.into() });
    }

    /// A text of so many characters, without control characters other than line feed and tab.
    pub fn text(&mut self, field: &'static str, text: &str, characters: RangeInclusive<usize>) {
        // Bytes bound characters from above, so the exact count is seldom needed.
        let count = if text.len() <= *characters.end() { text.len() } else { text.chars().count() };
        if *characters.start() > 0 && text.trim().is_empty() {
            self.wrong(field, "REQUIRED", "is required");
        } else if count > *characters.end() {
            let sentence =
                format!("has {count} characters, at most {} are allowed", characters.end());
            self.wrong(field, "TOO_LONG", sentence);
        } else if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            self.wrong(field, "CONTROL_CHARACTER", "holds a control character");
        }
    }

    /// A text as in [`Checker::text`] that does not go on to a second line.
    pub fn line(&mut self, field: &'static str, text: &str, characters: RangeInclusive<usize>) {
        self.text(field, text, characters);
        if text.contains('\n') {
            self.wrong(field, "LINE_BREAK", "must be one line");
        }
    }

    /// A name of the form that `parse` reads; an empty one only when not `required`.
    pub fn name<'n, T>(
        &mut self,
        field: &'static str,
        name: &'n str,
        required: bool,
        parse: fn(&'n str) -> Option<T>,
        form: &str,
    ) {
        if name.is_empty() {
            if required {
                self.wrong(field, "REQUIRED", "is required");
            }
        } else if parse(name).is_none() {
            self.wrong(field, "MALFORMED_NAME", format!("is not of the form `{form}`"));
        }
    }

    /// A party by name, or a role in words of so many characters.
    pub fn party_or_role(
        &mut self,
        field: &'static str,
        text: &str,
        characters: RangeInclusive<usize>,
    ) {
        if text.starts_with("parties/") {
            self.name(field, text, true, PartyName::parse, PARTY);
        } else {
            self.text(field, text, characters);
        }
    }

    /// A number within a range; NaN and infinity are outside every range.
    pub fn range(&mut self, field: &'static str, value: f64, range: RangeInclusive<f64>) {
        if !range.contains(&value) {
            let sentence = format!("is {value}, must be {} to {}", range.start(), range.end());
            self.wrong(field, "OUT_OF_RANGE", sentence);
        }
    }

    /// A number within a range, when given.
    pub fn optional_range(
        &mut self,
        field: &'static str,
        value: Option<f64>,
        range: RangeInclusive<f64>,
    ) {
        if let Some(value) = value {
            self.range(field, value, range);
        }
    }

    /// A direction in degrees, when given: 0 to 360, 360 itself excluded.
    pub fn direction(&mut self, field: &'static str, degrees: Option<f64>) {
        if let Some(degrees) = degrees.filter(|degrees| !(0.0..360.0).contains(degrees)) {
            let sentence = format!("is {degrees}, must be 0 to 360 exclusive");
            self.wrong(field, "OUT_OF_RANGE", sentence);
        }
    }

    /// A number that is neither NaN nor infinite.
    pub fn finite(&mut self, field: &'static str, value: f64) {
        if !value.is_finite() {
            self.wrong(field, "NOT_FINITE", format!("is {value}, must be finite"));
        }
    }

    /// A whole number within a range.
    pub fn integer(&mut self, field: &'static str, value: i64, range: RangeInclusive<i64>) {
        if !range.contains(&value) {
            let sentence = format!("is {value}, must be {} to {}", range.start(), range.end());
            self.wrong(field, "OUT_OF_RANGE", sentence);
        }
    }

    /// A known value of an enumeration; the zero value only when not `required`.
    pub fn enumeration<E: TryFrom<i32>>(
        &mut self,
        field: &'static str,
        value: i32,
        required: bool,
    ) {
        if E::try_from(value).is_err() {
            self.wrong(field, "UNKNOWN_VALUE", format!("has the unknown value {value}"));
        } else if required && value == 0 {
            self.wrong(field, "REQUIRED", "is required");
        }
    }

    /// Known values of an enumeration, none of them zero, each once, at most `max`.
    pub fn enumerations<E: TryFrom<i32>>(
        &mut self,
        field: &'static str,
        values: &[i32],
        max: usize,
    ) {
        if values.len() > max {
            let sentence = format!("has {} items, at most {max} are allowed", values.len());
            return self.wrong(field, "TOO_MANY", sentence);
        }
        for (index, value) in values.iter().enumerate() {
            self.path.push((field, Some(index)));
            self.enumeration::<E>("", *value, true);
            if values[..index].contains(value) {
                self.wrong("", "DUPLICATE", "is given twice");
            }
            self.path.pop();
        }
    }

    /// A moment between 1970 and 2200, when given.
    pub fn time(&mut self, field: &'static str, time: Option<&Timestamp>) {
        let Some(time) = time else { return };
        if !SECONDS.contains(&time.seconds) || !(0..1_000_000_000).contains(&time.nanos) {
            self.wrong(field, "TIME_OUT_OF_RANGE", "must lie between 1970 and 2200");
        }
    }

    /// Two moments in order, when both are given. `equal`: they may be the same.
    pub fn order(
        &mut self,
        (_, start): (&'static str, Option<&Timestamp>),
        (field, end): (&'static str, Option<&Timestamp>),
        equal: bool,
    ) {
        let (Some(start), Some(end)) = (start, end) else {
            return;
        };
        let start = (start.seconds, start.nanos);
        let end = (end.seconds, end.nanos);
        if end < start || (end == start && !equal) {
            self.wrong(field, "NOT_IN_ORDER", "lies before the start");
        }
    }

    /// An upper end that is not below its lower end and not given without it.
    pub fn upper(&mut self, field: &'static str, low: Option<f64>, high: Option<f64>) {
        match (low, high) {
            (None, Some(_)) => self.wrong(field, "LOWER_MISSING", "needs the lower end too"),
            (Some(low), Some(high)) if high < low => {
                self.wrong(field, "NOT_IN_ORDER", "is below the lower end");
            }
            _ => {}
        }
    }
}
