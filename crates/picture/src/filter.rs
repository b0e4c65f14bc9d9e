//! Filters: compiled once from a request, then asked for every entry without reading its content.

use polder_wire::v1::{Discipline, EntryFilter, Mode, Statement, Urgency, VerificationState};
use prost::Message as _;

use crate::{
    attributes::{Attributes, millis, party_hash},
    check::Checker,
    entry::Extent,
    fields, kinds,
    live::Register,
    names::{AudienceName, IncidentName, PartyName},
    picture::Picture,
    refusal::{Class, Refusal},
    sight::Sight,
};

/// A request's filter, checked and resolved.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    scopes: Vec<u32>,
    /// Scopes were named; if nothing of them may be seen, nothing matches.
    named: bool,
    sight: Sight,
    mode: Mode,
    kinds: Vec<u16>,
    statements: u32,
    disciplines: u32,
    verifications: u32,
    parties: Vec<u64>,
    extent: Option<Extent>,
    urgency_floor: u8,
    from_ms: Option<i64>,
    until_ms: Option<i64>,
    words: Vec<String>,
    include_retracted: bool,
    only_contradictions: bool,
    only_stale: bool,
    hash: u64,
}

impl Filter {
    /// Checks a filter at `path` in its request and resolves its names, as far as somebody with
    /// that sight may know of them.
    pub fn compile(
        filter: &EntryFilter,
        path: &str,
        picture: &Picture,
        sight: Sight,
    ) -> Result<Self, Refusal> {
        check(filter, path)?;
        let scopes = scopes(filter, picture, &sight)?;
        let kind = |name: &String| kinds::by_name(name).map(|kind| kind.field as u16);
        let opaque = |name: &String| name.strip_prefix("opaque/")?.parse().ok();
        let mask = |values: &[i32]| values.iter().fold(0, |mask, value| mask | 1 << value);
        let party = |name: &String| party_hash(name.trim_start_matches("parties/"));
        Ok(Self {
            named: !filter.incidents.is_empty() || !filter.audiences.is_empty(),
            scopes,
            sight,
            mode: match filter.mode() {
                Mode::Unspecified => Mode::Actual,
                mode => mode,
            },
            kinds: filter.kinds.iter().filter_map(|n| kind(n).or_else(|| opaque(n))).collect(),
            statements: mask(&filter.statements),
            disciplines: mask(&filter.disciplines),
            verifications: mask(&filter.verifications),
            parties: filter.parties.iter().map(party).collect(),
            extent: filter.bounding_box.as_ref().map(|b| Extent {
                south: b.south,
                west: b.west,
                north: b.north,
                east: b.east,
            }),
            urgency_floor: filter.urgency_floor as u8,
            from_ms: filter.observed_from.as_ref().map(millis),
            until_ms: filter.observed_until.as_ref().map(millis),
            words: filter.text.split_whitespace().map(str::to_lowercase).collect(),
            include_retracted: filter.include_retracted,
            only_contradictions: filter.only_contradictions,
            only_stale: filter.only_stale,
            hash: {
                let hash = blake3::hash(&filter.encode_to_vec());
                u64::from_le_bytes(*hash.as_bytes().first_chunk().expect("32 bytes"))
            },
        })
    }

    /// The same question gives the same hash: page and resume tokens are bound to it.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// True when the incident's own data belongs to the answer.
    pub fn covers_scope(&self, scope: u32, mode: Mode) -> bool {
        let wanted = if self.named { self.scopes.contains(&scope) } else { mode == self.mode };
        wanted && self.sight.covers(scope)
    }

    /// True when all entries of the scopes match, but for retracted ones.
    pub fn is_scope_only(&self) -> bool {
        let blank = Self {
            scopes: self.scopes.clone(),
            named: self.named,
            sight: self.sight.clone(),
            mode: self.mode,
            hash: self.hash,
            include_retracted: self.include_retracted,
            ..Self::default()
        };
        *self == blank
    }

    /// Scopes of the incidents and audiences that were named, of those that may be seen.
    pub fn scopes(&self) -> &[u32] {
        &self.scopes
    }

    /// What may be seen by who asked.
    pub fn sight(&self) -> &Sight {
        &self.sight
    }

    /// True when [`matches_text`](Self::matches_text) must be asked too.
    pub fn needs_text(&self) -> bool {
        !self.words.is_empty()
    }

    /// True when the entry matches, as far as can be told without its text.
    pub fn matches(&self, register: &Register, now_ms: i64) -> bool {
        self.covers_scope(register.scope, register.mode)
            && (self.include_retracted || !register.is_retracted())
            && (!self.only_contradictions || register.is_contradictory())
            && register.live.iter().any(|live| self.matches_record(&live.attributes, now_ms))
    }

    /// True when one record matches, whatever its scope.
    pub fn matches_record(&self, record: &Attributes, now_ms: i64) -> bool {
        let in_mask = |mask: u32, value: u8| mask == 0 || mask & (1 << value) != 0;
        let meets = |extent: &Extent| record.extent().is_some_and(|other| other.meets(extent));
        (self.kinds.is_empty() || self.kinds.contains(&record.kind))
            && in_mask(self.statements, record.statement)
            && in_mask(self.disciplines, record.discipline)
            && (self.verifications == 0
                || in_mask(self.verifications, record.verification.max(UNVERIFIED)))
            && record.urgency >= self.urgency_floor
            && (self.parties.is_empty() || self.parties.contains(&record.party))
            && self.from_ms.is_none_or(|from| record.when_ms >= from)
            && self.until_ms.is_none_or(|until| record.when_ms < until)
            && (!self.only_stale || record.is_stale(now_ms))
            && self.extent.as_ref().is_none_or(meets)
    }

    /// True when every word occurs in a text, place or body of the encoded entry.
    pub fn matches_text(&self, entry: &[u8]) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let mut text = String::new();
        let _ = strings(entry, 0, &mut |string| {
            text.push('\n');
            text.push_str(&string.to_lowercase());
        });
        self.words.iter().all(|word| text.contains(word))
    }
}

/// Scopes of the incidents and audiences that a filter names. What may not be seen is not there.
fn scopes(filter: &EntryFilter, picture: &Picture, sight: &Sight) -> Result<Vec<u32>, Refusal> {
    let audience = |scope: u32| {
        let of = &picture.scope(scope).audience;
        let named = |name: &String| name.strip_prefix("audiences/") == Some(of);
        filter.audiences.is_empty() || filter.audiences.iter().any(named)
    };
    let mut scopes = Vec::new();
    for name in &filter.incidents {
        let incident = IncidentName::parse(name).expect("checked above").id();
        let seen: Vec<_> = picture.audiences(incident).filter(|s| sight.covers(*s)).collect();
        if seen.is_empty() {
            let sentence = format!("{name} is not known");
            return Err(Refusal::new(Class::NotFound, "INCIDENT_NOT_FOUND", sentence));
        }
        scopes.extend(seen.into_iter().filter(|scope| audience(*scope)));
    }
    if filter.incidents.is_empty() && !filter.audiences.is_empty() {
        let mode = if filter.mode() == Mode::Unspecified { Mode::Actual } else { filter.mode() };
        let all = 0..picture.scopes().len() as u32;
        scopes.extend(all.filter(|s| picture.scope(*s).mode == mode && audience(*s)));
    }
    Ok(scopes)
}

/// An entry that says nothing about its checking is unverified.
const UNVERIFIED: u8 = VerificationState::Unverified as u8;

fn check(filter: &EntryFilter, path: &str) -> Result<(), Refusal> {
    let mut check = Checker::new(path);
    check.each("incidents", &filter.incidents, 0..=100, |check, name| {
        if IncidentName::parse(name).is_none() {
            check.wrong("", "MALFORMED_NAME", "must be incidents/{incident}");
        }
    });
    check.each("audiences", &filter.audiences, 0..=100, |check, name| {
        if AudienceName::parse(name).is_none() {
            check.wrong("", "MALFORMED_NAME", "must be audiences/{audience}");
        }
    });
    check.enumeration::<Mode>("mode", filter.mode, false);
    check.each("kinds", &filter.kinds, 0..=100, |check, kind| {
        let opaque = kind.strip_prefix("opaque/").is_some_and(|n| n.parse::<u16>().is_ok());
        if kinds::by_name(kind).is_none() && !opaque {
            check.wrong("", "UNKNOWN_VALUE", format!("is no kind: {kind:.40}"));
        }
    });
    check.enumerations::<Statement>("statements", &filter.statements, 32);
    check.enumerations::<Discipline>("disciplines", &filter.disciplines, 32);
    check.enumerations::<VerificationState>("verifications", &filter.verifications, 32);
    check.each("parties", &filter.parties, 0..=100, |check, name| {
        if PartyName::parse(name).is_none() {
            check.wrong("", "MALFORMED_NAME", "must be parties/{party}");
        }
    });
    if let Some(bounds) = &filter.bounding_box {
        check.within("bounding_box", |check| {
            check.range("south", bounds.south, -90.0..=90.0);
            check.range("north", bounds.north, -90.0..=90.0);
            check.range("west", bounds.west, -180.0..=180.0);
            check.range("east", bounds.east, -180.0..=180.0);
            if bounds.south > bounds.north {
                check.wrong("north", "NOT_IN_ORDER", "lies south of the south side");
            }
        });
    }
    check.enumeration::<Urgency>("urgency_floor", filter.urgency_floor, false);
    check.time("observed_from", filter.observed_from.as_ref());
    check.time("observed_until", filter.observed_until.as_ref());
    let (from, until) = (filter.observed_from.as_ref(), filter.observed_until.as_ref());
    check.order(("observed_from", from), ("observed_until", until), false);
    check.text("text", &filter.text, 0..=200);
    check.finish()
}

/// Names, hashes and what the node adds are not what people search for.
fn is_unsearched(field: u32) -> bool {
    matches!(field, 1 | 4 | 11 | 13 | 60..=99)
}

/// Visits what reads as text in an encoded entry, unknown bodies included. A nested message
/// starts with a key below 32, so it does not read as text and is walked instead.
fn strings(
    message: &[u8],
    depth: u8,
    visit: &mut dyn FnMut(&str),
) -> Result<(), fields::Malformed> {
    fields::walk(message, |number, bytes| {
        let is_bytes = bytes[0] & 7 == 2;
        if !is_bytes || depth > 8 || (depth == 0 && is_unsearched(number)) {
            return;
        }
        let content = fields::content(bytes);
        match std::str::from_utf8(content) {
            Ok(text) if text.chars().all(|c| !c.is_control() || c == '\n' || c == '\t') => {
                visit(text);
                // A short message may read as text too: `\n` is the key of a first field.
                if text.starts_with(['\n', '\t']) {
                    let _ = strings(content, depth + 1, visit);
                }
            }
            _ => {
                let _ = strings(content, depth + 1, visit);
            }
        }
    })
}
