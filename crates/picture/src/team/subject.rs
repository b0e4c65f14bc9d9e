//! When two claims speak of the same thing, and when they differ.
//!
//! A subject is a place (or the name of the thing itself), an aspect of it and a period. Two
//! claims are of one subject when the first two are equal and the periods overlap; they differ
//! when their figures exclude each other. What is expected is compared with what is expected only.

use polder_wire::v1::{Count, CountQualifier, ResponseType};

/// "About" leaves so much room on either side: round numbers, not other numbers.
const ABOUT: f64 = 0.025;
/// Places of one entry that are compared.
const PLACES_MAX: usize = 8;

/// Whether something is so, or is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stance {
    /// It is so, was decided or is assumed.
    IsSo,
    /// A forecast.
    Expected,
}

/// What the public is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Advice {
    /// Go away from there.
    Leave,
    /// Go inside, or upstairs, and stay.
    Stay,
    /// Whoever is not there, do not go.
    KeepAway,
    /// Nothing needs to be done, or no longer.
    AllClear,
}

impl Advice {
    /// What responses tell people to do. Who is told to leave or else to stay chooses, and is told
    /// neither; that all is clear counts only where nothing else is asked.
    pub fn of(responses: impl IntoIterator<Item = ResponseType>) -> Vec<Self> {
        let mut told: Vec<Self> = responses
            .into_iter()
            .filter_map(|response| match response {
                ResponseType::Evacuate => Some(Self::Leave),
                ResponseType::Shelter => Some(Self::Stay),
                ResponseType::Avoid => Some(Self::KeepAway),
                ResponseType::AllClear | ResponseType::None => Some(Self::AllClear),
                // How to prepare, and what else to do, leaves room for any of these.
                ResponseType::Unspecified
                | ResponseType::Prepare
                | ResponseType::Execute
                | ResponseType::Monitor
                | ResponseType::Assess => None,
            })
            .collect();
        told.sort_unstable();
        told.dedup();
        if told.contains(&Self::Leave) && told.contains(&Self::Stay) {
            told.retain(|one| !matches!(one, Self::Leave | Self::Stay));
        }
        if told.len() > 1 {
            told.retain(|one| *one != Self::AllClear);
        }
        told
    }

    /// Whether nobody can do both.
    pub fn excludes(self, other: Self) -> bool {
        matches!((self, other), (Self::Leave, Self::Stay) | (Self::Stay, Self::Leave))
            || (self == Self::AllClear) != (other == Self::AllClear)
    }
}

/// A number between two ends, of which either may be infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// It is not below this.
    pub low: f64,
    /// It is not above this.
    pub high: f64,
    /// As it was told, without room on either side: lower and upper end.
    pub told: (f64, f64),
}

/// What is claimed of a subject.
#[derive(Debug, Clone, PartialEq)]
pub enum Figure {
    /// A number.
    Range(Range),
    /// One of several words.
    Word(String),
    /// A moment between two, in milliseconds since 1970.
    Moment(i64, i64),
    /// What the public is told to do, and who of them: in lower case without signs, or empty for
    /// everybody.
    Advice(Advice, String),
}

impl Figure {
    /// A count with the room that its qualifier leaves.
    pub fn count(count: &Count) -> Self {
        let value = count.value as f64;
        match count.qualifier() {
            CountQualifier::AtLeast => Self::open(value, f64::INFINITY, value),
            CountQualifier::AtMost => Self::open(0.0, value, value),
            CountQualifier::About => Self::near(value, value * ABOUT),
            CountQualifier::Exact | CountQualifier::Unspecified => Self::near(value, 0.0),
        }
    }

    /// A number that was measured: so much on either side is the same.
    pub fn near(value: f64, room: f64) -> Self {
        Self::between(value, None, room)
    }

    /// A number that is known to lie on one side of the one that was told.
    pub fn open(low: f64, high: f64, told: f64) -> Self {
        Self::Range(Range { low, high, told: (told, told) })
    }

    /// Between two ends, where the upper one may be missing.
    pub fn between(low: f64, high: Option<f64>, room: f64) -> Self {
        let (high, room) = (high.unwrap_or(low), room.abs());
        Self::Range(Range { low: low - room, high: high + room, told: (low, high) })
    }

    /// One of several words; those that differ in case or blanks only are the same.
    pub fn word(text: &str) -> Self {
        Self::Word(plain(text))
    }

    /// Whether both cannot be true.
    pub fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Range(one), Self::Range(other)) => one.low > other.high || other.low > one.high,
            (Self::Word(word), Self::Word(other)) => word != other,
            (Self::Moment(from, until), Self::Moment(other_from, other_until)) => {
                from > other_until || other_from > until
            }
            // Of two groups of people each may be told something else.
            (Self::Advice(one, to), Self::Advice(other, other_to)) => {
                let same = to == other_to || to.is_empty() || other_to.is_empty();
                same && one.excludes(*other)
            }
            // Of one aspect all figures are of one sort.
            _ => false,
        }
    }
}

/// What is compared: equal subjects with overlapping periods are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Field of the contract that holds the figure, such as `outage.customers`.
    pub aspect: &'static str,
    /// What else tells it apart: a value of the contract such as `VITAL_SERVICE_POWER`, or empty.
    pub detail: String,
    /// Name of the place or thing, in lower case without signs.
    pub place: String,
    /// Whether it is so or expected.
    pub stance: Stance,
}

/// One figure for one subject over a period.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Of what.
    pub subject: Subject,
    /// Name of the place or thing as it was written.
    pub named: String,
    /// From when, milliseconds since 1970.
    pub from_ms: i64,
    /// Until when, that moment included.
    pub until_ms: i64,
    /// What is claimed.
    pub figure: Figure,
}

impl Claim {
    /// Whether both are of one subject: place, aspect and period.
    pub fn is_of_same(&self, other: &Self) -> bool {
        self.subject == other.subject
            && self.from_ms <= other.until_ms
            && other.from_ms <= self.until_ms
    }

    /// Whether both are of one subject and cannot both be true.
    pub fn contradicts(&self, other: &Self) -> bool {
        self.is_of_same(other) && self.figure.excludes(&other.figure)
    }
}

/// Lower case, letters and digits only, single blanks.
pub fn plain(text: &str) -> String {
    let lower = text.chars().flat_map(char::to_lowercase);
    let kept: String = lower.map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The places that a text names. `A, B en C` and `A, B, C` name three; `A en B, C` and `A, C` name
/// A and B, which lie in C.
pub fn places(text: &str) -> Vec<String> {
    let parts: Vec<_> = text.split([',', ';']).map(str::trim).filter(|p| !p.is_empty()).collect();
    let listed = |part: &str| joined(part).len() > 1;
    let counted = match parts.as_slice() {
        [place, wider] if !listed(wider) => std::slice::from_ref(place),
        [first, .., last] if listed(first) && !listed(last) => &parts[..parts.len() - 1],
        all => all,
    };
    let mut places: Vec<String> = Vec::new();
    for place in counted.iter().flat_map(|part| joined(part)) {
        if !plain(place).is_empty() && !places.iter().any(|known| plain(known) == plain(place)) {
            places.push(place.to_owned());
        }
    }
    places.truncate(PLACES_MAX);
    places
}

/// Splits at the words and signs that join names.
fn joined(part: &str) -> Vec<&str> {
    let mut parts = vec![part];
    for sign in [" en ", " and ", " und ", " et ", " & ", " + ", "/"] {
        parts = parts.into_iter().flat_map(|part| part.split(sign)).collect();
    }
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(value: i64, qualifier: CountQualifier) -> Figure {
        Figure::count(&Count { value, qualifier: qualifier.into(), ..Count::default() })
    }

    #[test]
    fn counts_exclude_each_other_only_where_their_words_leave_no_room() {
        use CountQualifier::{About, AtLeast, AtMost, Exact};
        let differ = [
            (count(370, About), count(400, About)),
            (count(370, About), count(400, AtLeast)),
            (count(16_000, About), count(10_700, About)),
            (count(140, Exact), count(141, Exact)),
            (count(100, AtMost), count(200, About)),
        ];
        for (one, other) in differ {
            assert!(one.excludes(&other) && other.excludes(&one), "{one:?} {other:?}");
        }
        let agree = [
            (count(400, About), count(400, AtLeast)),
            (count(10_700, About), count(10_743, Exact)),
            (count(400, AtLeast), count(900, AtLeast)),
            (count(7, Exact), count(7, Exact)),
        ];
        for (one, other) in agree {
            assert!(!one.excludes(&other) && !other.excludes(&one), "{one:?} {other:?}");
        }
    }

    #[test]
    fn advice_excludes_what_nobody_can_do_as_well() {
        use ResponseType::{AllClear, Avoid, Evacuate, Execute, Monitor, Shelter};
        let told = |responses: &[ResponseType], to: &str| -> Vec<Figure> {
            let advice = Advice::of(responses.iter().copied());
            advice.into_iter().map(|advice| Figure::Advice(advice, plain(to))).collect()
        };
        let differ = |one: &[Figure], other: &[Figure]| {
            one.iter().any(|one| other.iter().any(|other| one.excludes(other)))
        };
        let rows: &[(&[ResponseType], &[ResponseType], bool)] = &[
            (&[Shelter], &[Evacuate, Execute], true),
            (&[Evacuate], &[AllClear], true),
            (&[Shelter], &[AllClear], true),
            (&[Avoid], &[AllClear], true),
            (&[Avoid], &[Evacuate], false),
            (&[Avoid], &[Shelter], false),
            (&[Evacuate], &[Evacuate, Avoid], false),
            (&[Monitor], &[Evacuate], false),
            // Leave if you still can, else go upstairs: who is told so chooses.
            (&[Shelter, Evacuate], &[Evacuate], false),
            // Back home, but not near the dike.
            (&[AllClear, Avoid], &[Avoid], false),
        ];
        for (one, other, expected) in rows {
            let (one, other) = (told(one, "Residents"), told(other, "residents"));
            assert_eq!(differ(&one, &other), *expected, "{one:?} {other:?}");
            assert_eq!(differ(&other, &one), *expected, "{other:?} {one:?}");
        }
        let stay = told(&[Shelter], "Residents");
        assert!(differ(&stay, &told(&[Evacuate], "")), "everybody is also the residents");
        assert!(!differ(&stay, &told(&[Evacuate], "Patients")), "others are told otherwise");
    }

    #[test]
    fn places_are_told_apart_from_the_place_that_they_lie_in() {
        let told = |text: &str| places(text).join("|");
        assert_eq!(told("Valkenburg en Houthem"), "Valkenburg|Houthem");
        assert_eq!(
            told("Bunde, Voulwames, Brommelen en Geulle"),
            "Bunde|Voulwames|Brommelen|Geulle"
        );
        assert_eq!(told("Heugem en Randwyck, Maastricht"), "Heugem|Randwyck");
        assert_eq!(told("VieCuri, Venlo"), "VieCuri");
        assert_eq!(told("Arcen, Lomm, Velden"), "Arcen|Lomm|Velden");
        assert_eq!(told("Venlo and venlo"), "Venlo");
        assert_eq!(told(" "), "");
    }

    #[test]
    fn claims_are_of_one_subject_when_place_aspect_and_period_are() {
        let claim = |place: &str, from_ms, until_ms, value: f64| Claim {
            subject: Subject {
                aspect: "outage.customers",
                detail: String::new(),
                place: plain(place),
                stance: Stance::IsSo,
            },
            named: place.into(),
            from_ms,
            until_ms,
            figure: Figure::near(value, 0.0),
        };
        let first = claim("Valkenburg", 0, 10, 370.0);
        assert!(first.contradicts(&claim("VALKENBURG", 10, 20, 400.0)));
        assert!(!first.contradicts(&claim("Valkenburg", 11, 20, 400.0)), "another period");
        assert!(!first.contradicts(&claim("Houthem", 5, 20, 400.0)), "another place");
        assert!(!first.contradicts(&claim("Valkenburg", 5, 20, 370.0)), "the same figure");
    }
}
