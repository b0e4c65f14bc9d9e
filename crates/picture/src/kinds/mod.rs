//! Entry kinds: one `.proto`, one file here and one row in [`KINDS`] each.

use std::time::Duration;

use polder_wire::v1::{Entry, entry::Body};

use crate::{check::Checker, language::Language};

mod action;
mod assistance_offer;
mod assistance_request;
mod care_capacity;
mod casualties;
mod citizen_report;
mod closure;
mod contact;
mod counts;
mod decision;
mod drawing;
mod evacuation;
#[doc(hidden)]
pub mod examples;
mod facility;
mod flood_defence;
mod measurement;
mod message;
mod observation;
mod outage;
mod reception;
mod relief;
mod resource;
mod scenario;
mod staffing;
#[cfg(test)]
mod testing;
pub mod threshold;
mod warning;
mod water_level;
mod weather;

pub use self::{
    outage::service_word,
    relief::support as support_word,
    scenario::{level_sign, likelihood_word, type_word as scenario_word},
};

pub(crate) use self::scenario::cited;

/// One kind of entry.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Number of the body's field in `Entry`; frozen.
    pub field: u32,
    /// Name of the body's field in `Entry`.
    pub name: &'static str,
    /// How long it counts as current when the author did not say. `None`: does not go stale.
    pub useful_life: Option<Duration>,
    /// True when rivals need no person: the newest is shown (positions, gauges).
    pub settles_itself: bool,
    /// True when it says nothing without a text.
    pub text_required: bool,
    /// Checks the body. The checker stands inside the body's field.
    pub check: fn(&Entry, &mut Checker<'_>),
    /// The key figures of the body in words, on one line. Empty when the texts say it all.
    pub figures: fn(&Entry, Language) -> String,
}

/// All kinds, in the order of their field numbers.
pub const KINDS: &[Kind] = &[
    observation::KIND,
    casualties::KIND,
    water_level::KIND,
    outage::KIND,
    measurement::KIND,
    closure::KIND,
    evacuation::KIND,
    care_capacity::KIND,
    resource::KIND,
    assistance_request::KIND,
    warning::KIND,
    weather::KIND,
    decision::KIND,
    action::KIND,
    drawing::KIND,
    message::KIND,
    flood_defence::KIND,
    reception::KIND,
    facility::KIND,
    scenario::KIND,
    assistance_offer::KIND,
    staffing::KIND,
    citizen_report::KIND,
    threshold::KIND,
    contact::KIND,
];

/// Looks a kind up by the number of its body's field.
pub fn by_field(field: u32) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.field == field)
}

/// Looks a kind up by name.
pub fn by_name(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// The kind of an entry's body; `None` when it has none that this program knows.
pub fn of(entry: &Entry) -> Option<&'static Kind> {
    // Without a catch-all, so that a kind without a row does not compile.
    Some(match entry.body.as_ref()? {
        Body::Observation(_) => &observation::KIND,
        Body::Casualties(_) => &casualties::KIND,
        Body::WaterLevel(_) => &water_level::KIND,
        Body::Outage(_) => &outage::KIND,
        Body::Measurement(_) => &measurement::KIND,
        Body::Closure(_) => &closure::KIND,
        Body::Evacuation(_) => &evacuation::KIND,
        Body::CareCapacity(_) => &care_capacity::KIND,
        Body::Resource(_) => &resource::KIND,
        Body::AssistanceRequest(_) => &assistance_request::KIND,
        Body::Warning(_) => &warning::KIND,
        Body::Weather(_) => &weather::KIND,
        Body::Decision(_) => &decision::KIND,
        Body::Action(_) => &action::KIND,
        Body::Drawing(_) => &drawing::KIND,
        Body::Message(_) => &message::KIND,
        Body::FloodDefence(_) => &flood_defence::KIND,
        Body::Reception(_) => &reception::KIND,
        Body::Facility(_) => &facility::KIND,
        Body::Scenario(_) => &scenario::KIND,
        Body::AssistanceOffer(_) => &assistance_offer::KIND,
        Body::Staffing(_) => &staffing::KIND,
        Body::CitizenReport(_) => &citizen_report::KIND,
        Body::Threshold(_) => &threshold::KIND,
        Body::Contact(_) => &contact::KIND,
    })
}

const fn minutes(minutes: u64) -> Option<Duration> {
    Some(Duration::from_secs(minutes * 60))
}

const fn hours(hours: u64) -> Option<Duration> {
    minutes(hours * 60)
}

/// Puts phrases on one line, leaving out the empty ones.
fn line<const N: usize>(phrases: [String; N]) -> String {
    let mut said = phrases.into_iter().filter(|phrase| !phrase.is_empty());
    let mut line = said.next().unwrap_or_default();
    for phrase in said {
        line.push_str(", ");
        line.push_str(&phrase);
    }
    // A line feed is allowed in most fields, but not in a line.
    if line.contains(['\n', '\t']) { line.replace(['\n', '\t'], " ") } else { line }
}

/// The thing that the figures are about, unless a title names it already.
fn subject(entry: &Entry, name: &str) -> String {
    let named = entry.texts.iter().any(|text| text.title.contains(name));
    if named { String::new() } else { name.to_owned() }
}

/// A figure with its unit, or the range when the upper end is known too.
fn figure(
    low: Option<f64>,
    high: Option<f64>,
    unit: &str,
    write: impl Fn(f64) -> String,
) -> String {
    match (low, high) {
        (Some(low), Some(high)) if high > low => format!("{}-{} {unit}", write(low), write(high)),
        (Some(low), _) => format!("{} {unit}", write(low)),
        (None, _) => String::new(),
    }
}

/// A phrase in brackets after another, when both say something.
fn bracketed(phrase: String, detail: &str) -> String {
    match (phrase.is_empty(), detail.is_empty()) {
        (_, true) => phrase,
        (true, false) => detail.to_owned(),
        (false, false) => format!("{phrase} ({detail})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_order_and_found() {
        assert!(KINDS.windows(2).all(|pair| pair[0].field < pair[1].field));
        for (kind, (name, entry)) in KINDS.iter().zip(examples::examples()) {
            assert_eq!(kind.name, name);
            assert_eq!(by_field(kind.field).map(|kind| kind.name), Some(name));
            assert_eq!(by_name(name).map(|kind| kind.field), Some(kind.field));
            assert_eq!(of(&entry).map(|kind| kind.field), Some(kind.field));
        }
        assert_eq!(KINDS.len(), examples::examples().len());
        assert!(by_field(99).is_none() && by_name("").is_none() && of(&Entry::default()).is_none());
    }

    #[test]
    fn rows_agree_with_the_contract() {
        use polder_wire::DESCRIPTORS;
        use prost::Message as _;

        let files = prost_types::FileDescriptorSet::decode(DESCRIPTORS).unwrap();
        let mut messages = files.file.iter().flat_map(|file| &file.message_type);
        let entry = messages.find(|message| message.name() == "Entry").unwrap();
        let bodies = entry.field.iter().filter(|field| field.oneof_index.is_some());
        let bodies: Vec<_> = bodies.map(|f| (f.number() as u32, f.name().to_owned())).collect();
        let rows: Vec<_> = KINDS.iter().map(|kind| (kind.field, kind.name.to_owned())).collect();
        assert_eq!(rows, bodies);
    }

    #[test]
    fn only_gauges_and_positions_settle_themselves() {
        let settling = KINDS.iter().filter(|kind| kind.settles_itself).map(|kind| kind.name);
        assert_eq!(settling.collect::<Vec<_>>(), ["water_level", "resource"]);
        let texts = KINDS.iter().filter(|kind| kind.text_required).map(|kind| kind.name);
        assert_eq!(
            texts.collect::<Vec<_>>(),
            ["observation", "message", "citizen_report", "threshold"]
        );
    }

    #[test]
    fn every_example_is_sound() {
        for (name, entry) in examples::examples() {
            let mut check = Checker::new(name);
            crate::entry::check_entry(&entry, of(&entry), &mut check);
            assert_eq!(check.finish(), Ok(()));
        }
    }
}
