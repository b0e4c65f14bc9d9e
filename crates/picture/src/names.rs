//! Resource names: `incidents/{incident}`, its entries and their versions, parties, attachments.
//!
//! Parsing borrows and allocates nothing, for every record on its way in passes here. A name that
//! parses prints as the same bytes, so names can be compared as text.

use std::fmt;

use uuid::Uuid;

/// Longest incident or party.
const SLUG_MAX: usize = 63;

/// `incidents/{incident}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IncidentName<'a> {
    incident: &'a str,
}

/// `incidents/{incident}/entries/{entry}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryName<'a> {
    /// The incident that it belongs to.
    pub incident: IncidentName<'a>,
    /// The entry's own id.
    pub entry: Uuid,
}

/// `{feed}-{sequence}`: which record carries a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionId {
    /// Id of the feed.
    pub feed: [u8; 16],
    /// Number of the record in its feed, from 1.
    pub sequence: u64,
}

/// `incidents/{incident}/entries/{entry}/versions/{feed}-{sequence}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionName<'a> {
    /// The entry that it is a version of.
    pub entry: EntryName<'a>,
    /// Which version.
    pub version: VersionId,
}

/// `parties/{party}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartyName<'a> {
    party: &'a str,
}

/// `audiences/{audience}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AudienceName<'a> {
    audience: &'a str,
}

/// `attachments/{sha256 in lower-case hex}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttachmentName {
    /// SHA-256 of the file's bytes.
    pub sha256: [u8; 32],
}

impl<'a> IncidentName<'a> {
    /// Reads `incidents/{incident}`.
    pub fn parse(name: &'a str) -> Option<Self> {
        Self::from_id(name.strip_prefix("incidents/")?)
    }

    /// Takes `{incident}` alone.
    pub fn from_id(incident: &'a str) -> Option<Self> {
        let starts_with_letter = incident.starts_with(|c: char| c.is_ascii_lowercase());
        (starts_with_letter && is_slug(incident)).then_some(Self { incident })
    }

    /// `{incident}` alone.
    pub fn id(&self) -> &'a str {
        self.incident
    }
}

impl<'a> EntryName<'a> {
    /// Reads `incidents/{incident}/entries/{entry}`. The nil UUID names no entry: it stands for the
    /// incident's own data.
    pub fn parse(name: &'a str) -> Option<Self> {
        let (incident, entry) = name.strip_prefix("incidents/")?.split_once("/entries/")?;
        let entry = parse_uuid(entry).filter(|entry| !entry.is_nil())?;
        Some(Self { incident: IncidentName::from_id(incident)?, entry })
    }
}

impl VersionId {
    /// Reads `{feed}-{sequence}`.
    pub fn parse(version: &str) -> Option<Self> {
        let (feed, sequence) = version.split_once('-')?;
        Some(Self { feed: parse_hex(feed)?, sequence: parse_sequence(sequence)? })
    }
}

impl<'a> VersionName<'a> {
    /// Reads `incidents/{incident}/entries/{entry}/versions/{feed}-{sequence}`.
    pub fn parse(name: &'a str) -> Option<Self> {
        let (entry, version) = name.split_once("/versions/")?;
        Some(Self { entry: EntryName::parse(entry)?, version: VersionId::parse(version)? })
    }
}

impl<'a> PartyName<'a> {
    /// Reads `parties/{party}`.
    pub fn parse(name: &'a str) -> Option<Self> {
        Self::from_id(name.strip_prefix("parties/")?)
    }

    /// Takes `{party}` alone.
    pub fn from_id(party: &'a str) -> Option<Self> {
        is_slug(party).then_some(Self { party })
    }

    /// `{party}` alone.
    pub fn id(&self) -> &'a str {
        self.party
    }
}

impl<'a> AudienceName<'a> {
    /// Reads `audiences/{audience}`.
    pub fn parse(name: &'a str) -> Option<Self> {
        let audience = name.strip_prefix("audiences/")?;
        is_slug(audience).then_some(Self { audience })
    }

    /// `{audience}` alone.
    pub fn id(&self) -> &'a str {
        self.audience
    }
}

impl AttachmentName {
    /// Reads `attachments/{sha256 in lower-case hex}`.
    pub fn parse(name: &str) -> Option<Self> {
        Some(Self { sha256: parse_hex(name.strip_prefix("attachments/")?)? })
    }
}

impl fmt::Display for IncidentName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "incidents/{}", self.incident)
    }
}

impl fmt::Display for EntryName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/entries/{}", self.incident, self.entry)
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.feed)?;
        write!(f, "-{}", self.sequence)
    }
}

impl fmt::Display for VersionName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/versions/{}", self.entry, self.version)
    }
}

impl fmt::Display for PartyName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parties/{}", self.party)
    }
}

impl fmt::Display for AttachmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("attachments/")?;
        write_hex(f, &self.sha256)
    }
}

/// 1 to 63 characters of `a-z 0-9 -`.
fn is_slug(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=SLUG_MAX).contains(&text.len()) && text.bytes().all(known)
}

/// Lower-case and hyphenated only: `Uuid` would also read other spellings of the same id.
fn parse_uuid(text: &str) -> Option<Uuid> {
    if text.len() != 36 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    Uuid::try_parse(text).ok()
}

/// Decimal from 1 on, without sign or leading zero: `u64` would also read `+1` and `01`.
fn parse_sequence(text: &str) -> Option<u64> {
    let first = *text.as_bytes().first()?;
    if !(b'1'..=b'9').contains(&first) {
        return None;
    }
    text.parse().ok()
}

/// Lower-case hex of exactly `N` bytes.
fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (digits, rest) = text.as_bytes().as_chunks::<2>();
    if digits.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(digits) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENTRY: &str = "incidents/limburg-2021/entries/0b8f6a2e-93c1-4f0a-8a55-6d3f2e1c0a01";

    proptest! {
        #[test]
        fn what_parses_prints_the_same(
            incident in "[a-z][a-z0-9-]{0,62}",
            party in "[a-z0-9-]{1,63}",
            entry: [u8; 16],
            feed: [u8; 16],
            sequence in 1..=u64::MAX,
            sha256: [u8; 32],
        ) {
            let incident = IncidentName::from_id(&incident).unwrap();
            let entry = EntryName { incident, entry: Uuid::from_bytes(entry) };
            let version = VersionName { entry, version: VersionId { feed, sequence } };
            let (party, attachment) = (PartyName::from_id(&party).unwrap(), AttachmentName { sha256 });
            let names = [
                incident.to_string(),
                entry.to_string(),
                version.to_string(),
                party.to_string(),
                attachment.to_string(),
            ];
            prop_assert_eq!(IncidentName::parse(&names[0]), Some(incident));
            prop_assert_eq!(EntryName::parse(&names[1]), Some(entry));
            prop_assert_eq!(VersionName::parse(&names[2]), Some(version));
            prop_assert_eq!(PartyName::parse(&names[3]), Some(party));
            prop_assert_eq!(AttachmentName::parse(&names[4]), Some(attachment));
        }

        #[test]
        fn any_text_is_read_or_not_without_panic(text in "\\PC{0,120}") {
            for name in [format!("incidents/{text}"), format!("{ENTRY}/versions/{text}"), text] {
                if let Some(read) = IncidentName::parse(&name) {
                    prop_assert_eq!(read.to_string(), name);
                } else if let Some(read) = VersionName::parse(&name) {
                    prop_assert_eq!(read.to_string(), name);
                }
            }
        }
    }

    #[test]
    fn ids_are_bounded() {
        assert!(IncidentName::parse(&format!("incidents/{}", "a".repeat(63))).is_some());
        for id in ["", "A", "a_b", "1a", "-a", "a/b", "é", &"a".repeat(64)] {
            assert_eq!(IncidentName::from_id(id), None, "{id}");
        }
        assert!(PartyName::parse("parties/112").is_some());
        for name in ["parties/", "parties/Politie", "party/politie", "parties/a b"] {
            assert_eq!(PartyName::parse(name), None, "{name}");
        }
    }

    #[test]
    fn one_spelling_only() {
        assert!(EntryName::parse(ENTRY).is_some());
        assert_eq!(EntryName::parse(&ENTRY.replace("0b8f", "0B8F")), None);
        assert_eq!(EntryName::parse(&ENTRY.replace("-93c1-4f0a-8a55-", "93c14f0a8a55")), None);
        assert_eq!(EntryName::parse(&format!("{ENTRY}/")), None);
        let feed = "00112233445566778899aabbccddeeff";
        assert!(VersionId::parse(&format!("{feed}-18446744073709551615")).is_some());
        for end in ["", "-", "-0", "-01", "-+1", "-1 ", "--1", "-18446744073709551616"] {
            assert_eq!(VersionId::parse(&format!("{feed}{end}")), None, "{end}");
        }
        assert_eq!(VersionId::parse(&format!("{}-1", &feed[1..])), None);
        assert_eq!(VersionId::parse(&format!("{}-1", feed.to_uppercase())), None);
        assert_eq!(AttachmentName::parse(&format!("attachments/{}", "é".repeat(32))), None);
    }
}
