//! What filters need to know of a record, small enough to keep in memory for every entry.

use bytes::{Buf as _, BufMut as _};
use polder_wire::v1::{Entry, Lane, RelationType, Times};
use prost_types::Timestamp;

use crate::{
    entry::{Extent, extent},
    kinds::{self, Kind},
};

/// No moment: a time that is not stated.
pub const NEVER: i64 = i64::MIN;

/// The moment of recording, while that is not known yet. Up to a century after it means as long
/// after recording.
const RECORDED: i64 = i64::MIN / 2;
const RECORDED_END: i64 = RECORDED + 100 * 366 * 86_400_000;

const RETRACTED: u8 = 1;
const SETTLES_ITSELF: u8 = 2;
const CONTRADICTS: u8 = 4;
const HAS_ATTACHMENTS: u8 = 8;
const HAS_EXTENT: u8 = 16;
const OPAQUE: u8 = 32;
const APART: u8 = 64;
const PERSONAL: u8 = 128;

/// In place of the kind of a retraction that erases; bodies stand in fields from 100 on.
const ERASURE: u16 = 1;

/// Attributes of one record, a pure function of it: another node that receives it computes the
/// same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attributes {
    /// South, west, north, east, rounded outwards.
    extent: [f32; 4],
    /// Observed, or else recorded: milliseconds since 1970.
    pub when_ms: i64,
    /// Holds from.
    pub valid_from_ms: i64,
    /// Stale from, or [`NEVER`].
    pub expire_ms: i64,
    /// [`party_hash`] of the party.
    pub party: u64,
    /// Field number of the body; 0 for a retraction or incident data.
    pub kind: u16,
    /// Statement.
    pub statement: u8,
    /// Discipline.
    pub discipline: u8,
    /// Urgency.
    pub urgency: u8,
    /// Verification state.
    pub verification: u8,
    /// Lane.
    pub lane: u8,
    flags: u8,
}

/// Bytes of encoded attributes.
pub const ENCODED_BYTES: usize = 4 * 4 + 4 * 8 + 2 + 6;

/// A party's name in 8 bytes: enough to filter by, so that no table of names is needed.
pub fn party_hash(party: &str) -> u64 {
    let hash = blake3::hash(party.as_bytes());
    let first = hash.as_bytes().first_chunk().expect("a hash has 32 bytes");
    u64::from_le_bytes(*first)
}

impl Attributes {
    /// Of an entry of `party` with the body in field `kind`. Moments that depend on the recording
    /// wait for [`recorded_at`](Self::recorded_at).
    pub fn of_entry(entry: &Entry, party: &str, kind: u32, lane: Lane) -> Self {
        let known = kinds::by_field(kind);
        let assessment = entry.assessment.as_ref();
        let times = entry.times.unwrap_or_default();
        let when_ms = times.observed.as_ref().map_or(RECORDED, millis);
        let extent = entry.geometry.as_ref().and_then(extent);
        let contradicts = |r: &polder_wire::v1::Relation| r.r#type() == RelationType::Contradicts;
        let flag = |condition: bool, flag: u8| if condition { flag } else { 0 };
        Self {
            extent: extent.map_or([0.0; 4], outwards),
            when_ms,
            valid_from_ms: times.valid_from.as_ref().map_or(when_ms, millis),
            expire_ms: expire_ms(&times, known, when_ms),
            party: party_hash(party),
            kind: kind as u16,
            statement: entry.statement as u8,
            discipline: entry.discipline as u8,
            urgency: assessment.map_or(0, |assessment| assessment.urgency as u8),
            verification: assessment
                .and_then(|assessment| assessment.verification.as_ref())
                .map_or(0, |verification| verification.state as u8),
            lane: lane as u8,
            flags: flag(known.is_some_and(|kind| kind.settles_itself), SETTLES_ITSELF)
                | flag(entry.relations.iter().any(contradicts), CONTRADICTS)
                | flag(!entry.attachments.is_empty(), HAS_ATTACHMENTS)
                | flag(extent.is_some(), HAS_EXTENT)
                | flag(entry.label.as_ref().is_some_and(|label| label.personal_data), PERSONAL),
        }
    }

    /// Fills in the moment of recording where the author stated none.
    #[must_use]
    pub fn recorded_at(mut self, recorded_ms: i64) -> Self {
        for ms in [&mut self.when_ms, &mut self.valid_from_ms, &mut self.expire_ms] {
            if (RECORDED..RECORDED_END).contains(ms) {
                *ms = *ms - RECORDED + recorded_ms;
            }
        }
        self
    }

    /// Of a retraction, which keeps what filters know of the version that it withdraws.
    pub fn of_retraction(withdrawn: Option<&Self>, lane: Lane) -> Self {
        let mut attributes = withdrawn.copied().unwrap_or_else(|| Self::bare(lane));
        attributes.flags = (attributes.flags & (HAS_EXTENT | PERSONAL)) | RETRACTED;
        attributes.lane = lane as u8;
        attributes.expire_ms = NEVER;
        attributes
    }

    /// Of a record that withdraws what a party said for good: nothing of it is to be kept.
    pub fn of_erasure(party: &str, lane: Lane) -> Self {
        let party = party_hash(party);
        Self { flags: RETRACTED, kind: ERASURE, party, ..Self::bare(lane) }
    }

    /// Of a record that is no entry.
    pub fn bare(lane: Lane) -> Self {
        Self {
            extent: [0.0; 4],
            when_ms: RECORDED,
            valid_from_ms: RECORDED,
            expire_ms: NEVER,
            party: 0,
            kind: 0,
            statement: 0,
            discipline: 0,
            urgency: 0,
            verification: 0,
            lane: lane as u8,
            flags: 0,
        }
    }

    /// Of a record whose content is not sound, or is not here: all that is known of it stands in
    /// its header, which also says whether it withdraws the entry.
    pub fn opaque(lane: Lane, retracts: bool) -> Self {
        let flags = OPAQUE | if retracts { RETRACTED } else { 0 };
        Self { flags, ..Self::bare(lane) }
    }

    /// Of a record that changes no entry: it counts for its feed only.
    pub fn apart(lane: Lane) -> Self {
        Self { flags: APART, ..Self::bare(lane) }
    }

    /// Nothing of its content can be shown.
    pub fn is_opaque(&self) -> bool {
        self.flags & OPAQUE != 0
    }

    /// Changes no entry.
    pub fn is_apart(&self) -> bool {
        self.flags & APART != 0
    }

    /// Withdraws the entry.
    pub fn retracted(&self) -> bool {
        self.flags & RETRACTED != 0
    }

    /// Nothing of what its party said of the entry up to here is to be kept.
    pub fn erases(&self) -> bool {
        self.retracted() && self.kind == ERASURE
    }

    /// Holds personal data.
    pub fn is_personal(&self) -> bool {
        self.flags & PERSONAL != 0
    }

    /// The party whose it is, by its hash: in whose name it says something, or whose entry it
    /// withdraws. `None` for what is nobody's: an incident's data, what cannot be read here.
    pub fn owner(&self) -> Option<u64> {
        (self.flags & (OPAQUE | APART) == 0 && self.party != 0).then_some(self.party)
    }

    /// Withdraws the entry, and says itself nothing for a party.
    pub fn only_withdraws(&self) -> bool {
        self.retracted() && !self.erases()
    }

    /// Of a kind whose newest record counts without a person's decision.
    pub fn settles_itself(&self) -> bool {
        self.flags & SETTLES_ITSELF != 0
    }

    /// Says that it contradicts another entry.
    pub fn contradicts(&self) -> bool {
        self.flags & CONTRADICTS != 0
    }

    /// Cites attachments.
    pub fn has_attachments(&self) -> bool {
        self.flags & HAS_ATTACHMENTS != 0
    }

    /// Where it is, a little too large rather than too small.
    pub fn extent(&self) -> Option<Extent> {
        let [south, west, north, east] = self.extent.map(f64::from);
        (self.flags & HAS_EXTENT != 0).then_some(Extent { south, west, north, east })
    }

    /// True when it is stale at a moment.
    pub fn is_stale(&self, now_ms: i64) -> bool {
        self.expire_ms != NEVER && self.expire_ms <= now_ms && !self.retracted()
    }

    /// Appends [`ENCODED_BYTES`] bytes. The store's index rows hold these.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.extent.iter().for_each(|degrees| out.put_f32_le(*degrees));
        [self.when_ms, self.valid_from_ms, self.expire_ms]
            .iter()
            .for_each(|ms| out.put_i64_le(*ms));
        out.put_u64_le(self.party);
        out.put_u16_le(self.kind);
        let rest = [
            self.statement,
            self.discipline,
            self.urgency,
            self.verification,
            self.lane,
            self.flags,
        ];
        out.extend_from_slice(&rest);
    }

    /// Reads what [`encode`](Self::encode) wrote; `None` when there is too little.
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        if bytes.len() != ENCODED_BYTES {
            return None;
        }
        Some(Self {
            extent: std::array::from_fn(|_| bytes.get_f32_le()),
            when_ms: bytes.get_i64_le(),
            valid_from_ms: bytes.get_i64_le(),
            expire_ms: bytes.get_i64_le(),
            party: bytes.get_u64_le(),
            kind: bytes.get_u16_le(),
            statement: bytes.get_u8(),
            discipline: bytes.get_u8(),
            urgency: bytes.get_u8(),
            verification: bytes.get_u8(),
            lane: bytes.get_u8(),
            flags: bytes.get_u8(),
        })
    }
}

fn expire_ms(times: &Times, kind: Option<&Kind>, when_ms: i64) -> i64 {
    match (&times.valid_until, kind.and_then(|kind| kind.useful_life)) {
        (Some(until), _) => millis(until),
        // A forecast for later does not go stale before it begins to hold.
        (None, Some(life)) => {
            let from = times.valid_from.as_ref().map_or(when_ms, |from| millis(from).max(when_ms));
            from + life.as_millis() as i64
        }
        (None, None) => NEVER,
    }
}

/// Milliseconds since 1970.
pub fn millis(time: &Timestamp) -> i64 {
    time.seconds.saturating_mul(1000).saturating_add(i64::from(time.nanos) / 1_000_000)
}

/// A timestamp from milliseconds since 1970.
pub fn timestamp(ms: i64) -> Timestamp {
    Timestamp { seconds: ms.div_euclid(1000), nanos: (ms.rem_euclid(1000) * 1_000_000) as i32 }
}

fn outwards(extent: Extent) -> [f32; 4] {
    let down = |degrees: f64| {
        let near = degrees as f32;
        if f64::from(near) > degrees { near.next_down() } else { near }
    };
    let up = |degrees: f64| -down(-degrees);
    [down(extent.south), down(extent.west), up(extent.north), up(extent.east)]
}
