//! What was said then as it is said in the exercise: other names, other times, the same words and
//! figures. It goes by the contract's own descriptors, so a new field needs nothing here.

use std::collections::HashMap;

use polder_wire::v1::Entry;
use prost::Message as _;
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use crate::{json, present::is_output_only};

const TIMESTAMP: &str = "google.protobuf.Timestamp";
const NANOS: i128 = 1_000_000_000;

/// How moments of then lie in the exercise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Clock {
    /// Of this moment, milliseconds since 1970 …
    pub(super) from_ms: i64,
    /// … comes this one.
    pub(super) to_ms: i64,
    /// So much of then in one second.
    pub(super) speed: f64,
}

impl Clock {
    /// A moment in nanoseconds. What lay an hour apart lies an hour apart by `speed`.
    fn nanos(self, then: i128) -> i128 {
        let since = then - i128::from(self.from_ms) * 1_000_000;
        // Without a fraction nothing is rounded.
        let since = if self.speed == 1.0 { since } else { (since as f64 / self.speed) as i128 };
        i128::from(self.to_ms) * 1_000_000 + since
    }

    /// A moment in milliseconds.
    pub(super) fn ms(self, then_ms: i64) -> i64 {
        (self.nanos(i128::from(then_ms) * 1_000_000) / 1_000_000) as i64
    }
}

/// What changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'a> {
    /// `incidents/{incident}` of then.
    pub(super) from: &'a str,
    /// `incidents/{incident}` of the exercise.
    pub(super) into: &'a str,
    /// Versions of then, and what they are in the exercise.
    pub(super) versions: &'a HashMap<String, String>,
    pub(super) clock: Clock,
}

impl Change<'_> {
    /// Another name for what is a name of then; `None` for anything else.
    pub(super) fn name(&self, text: &str) -> Option<String> {
        if let Some(version) = self.versions.get(text) {
            return Some(version.clone());
        }
        let rest = text.strip_prefix(self.from)?;
        if rest.is_empty() {
            return Some(self.into.to_owned());
        }
        let rest = rest.strip_prefix('/')?;
        let rest = match rest.split_once("/versions/") {
            Some((entry, version)) => {
                let version = self.versions.get(version).map_or(version, String::as_str);
                format!("{entry}/versions/{version}")
            }
            None => rest.to_owned(),
        };
        Some(format!("{}/{rest}", self.into))
    }

    fn message(&self, message: &mut DynamicMessage) {
        if message.descriptor().full_name() == TIMESTAMP {
            self.time(message);
            return;
        }
        for (_, value) in message.fields_mut() {
            self.value(value);
        }
    }

    fn value(&self, value: &mut Value) {
        match value {
            Value::Message(message) => self.message(message),
            Value::List(values) => values.iter_mut().for_each(|value| self.value(value)),
            Value::String(text) => {
                if let Some(name) = self.name(text) {
                    *text = name;
                }
            }
            _ => {}
        }
    }

    fn time(&self, time: &mut DynamicMessage) {
        let number = |number: u32| time.get_field_by_number(number);
        let seconds = number(1).and_then(|value| value.as_i64()).unwrap_or_default();
        let nanos = number(2).and_then(|value| value.as_i32()).unwrap_or_default();
        let then = i128::from(seconds) * NANOS + i128::from(nanos);
        let now = self.clock.nanos(then);
        time.set_field_by_number(1, Value::I64(now.div_euclid(NANOS) as i64));
        time.set_field_by_number(2, Value::I32(now.rem_euclid(NANOS) as i32));
    }
}

/// A version as its author wrote it, for the exercise.
pub(super) fn rewritten(version: &Entry, change: &Change<'_>) -> anyhow::Result<Entry> {
    let mut message = json::dynamic("Entry", &version.encode_to_vec())?;
    let fields: Vec<u32> = message.fields().map(|(field, _)| field.number()).collect();
    for field in fields.into_iter().filter(|field| is_output_only(*field)) {
        message.clear_field_by_number(field);
    }
    change.message(&mut message);
    Ok(Entry::decode(&message.encode_to_vec()[..])?)
}

#[cfg(test)]
mod tests {
    use polder_picture::attributes::{millis, timestamp};
    use polder_wire::v1::{
        Decision, DecisionState, Outage, Relation, RelationType, Text, Times, entry::Body,
    };

    use super::*;

    const ENTRY: &str = "entries/11111111-1111-4111-8111-111111111111";

    #[test]
    fn names_and_times_change_and_words_and_figures_do_not() {
        let versions = HashMap::from([("aa-7".to_owned(), "bb-1".to_owned())]);
        let clock = Clock { from_ms: 1_000_000, to_ms: 9_000_000, speed: 60.0 };
        let change =
            Change { from: "incidents/geul", into: "incidents/again", versions: &versions, clock };
        let at = |ms: i64| Some(timestamp(ms));
        let entry = Entry {
            name: format!("incidents/geul/{ENTRY}"),
            version: "cc-9".into(),
            received_time: at(1_000_000),
            party: "parties/geul".into(),
            texts: vec![Text { title: "incidents/geuldal is dry".into(), ..Text::default() }],
            times: Some(Times {
                observed: at(940_000),
                valid_until: at(1_060_000),
                ..Times::default()
            }),
            relations: vec![Relation {
                r#type: RelationType::Contradicts.into(),
                entry: format!("incidents/elsewhere/{ENTRY}"),
                version: "aa-7".into(),
            }],
            body: Some(Body::Decision(Decision {
                state: DecisionState::Taken.into(),
                basis: vec![
                    format!("incidents/geul/{ENTRY}/versions/aa-7"),
                    format!("incidents/geul/{ENTRY}/versions/dd-1"),
                ],
                ..Decision::default()
            })),
            ..Entry::default()
        };
        let again = rewritten(&entry, &change).unwrap();
        assert_eq!(again.name, format!("incidents/again/{ENTRY}"));
        assert_eq!((&again.version[..], again.received_time), ("", None), "the node's own");
        assert_eq!((&again.party, &again.texts), (&entry.party, &entry.texts));
        let times = again.times.unwrap();
        let ms = |time: Option<prost_types::Timestamp>| time.as_ref().map(millis);
        assert_eq!((ms(times.observed), ms(times.valid_until)), (Some(8_999_000), Some(9_001_000)));
        assert_eq!(again.relations[0].version, "bb-1");
        assert_eq!(again.relations[0].entry, entry.relations[0].entry);
        let Some(Body::Decision(decision)) = again.body else { panic!("a decision") };
        let of = |version: &str| format!("incidents/again/{ENTRY}/versions/{version}");
        assert_eq!(decision.basis, [of("bb-1"), of("dd-1")]);
    }

    #[test]
    fn at_its_own_speed_every_moment_is_as_far_from_the_others_to_the_nanosecond() {
        let clock = Clock { from_ms: 1_626_328_800_123, to_ms: 1_800_000_000_000, speed: 1.0 };
        let (versions, from, into) = (HashMap::new(), "incidents/a", "incidents/b");
        let change = Change { from, into, versions: &versions, clock };
        let time = prost_types::Timestamp { seconds: 1_626_328_799, nanos: 987_654_321 };
        let body = Body::Outage(Outage { start_time: Some(time), ..Outage::default() });
        let again = rewritten(&Entry { body: Some(body), ..Entry::default() }, &change).unwrap();
        let Some(Body::Outage(outage)) = again.body else { panic!("an outage") };
        let moved = prost_types::Timestamp { seconds: 1_799_999_999, nanos: 864_654_321 };
        assert_eq!(outage.start_time, Some(moved));
        assert_eq!(clock.ms(1_626_328_800_123), 1_800_000_000_000);
    }
}
