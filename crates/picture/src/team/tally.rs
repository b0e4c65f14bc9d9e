//! What is there and how old it is, by section and by party: sums that are kept up as entries
//! change, so that asking does not read every entry.

use std::collections::BTreeMap;

use polder_wire::v1::Section;

use super::board::Version;
use crate::record::Id;

/// What is in a section, or said by a party.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filled {
    /// Entries.
    pub entries: usize,
    /// Of these, stale.
    pub stale: usize,
    /// When the last was recorded.
    pub last_ms: Option<i64>,
}

/// What nobody has verified and placed yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unprocessed {
    /// Entries recorded up to a moment.
    pub late: usize,
    /// When the first of all was recorded.
    pub first_ms: Option<i64>,
}

/// The three sections.
pub const SECTIONS: [Section; 3] = [Section::Incident, Section::Response, Section::Outlook];

/// Moments, each as often as it occurs.
type Moments = BTreeMap<i64, usize>;

/// One sum.
#[derive(Debug, Default, Clone, PartialEq)]
struct Sum {
    entries: usize,
    /// When they were recorded.
    recorded: Moments,
    /// From when they are stale; those that never are do not occur.
    expire: Moments,
    /// When those were recorded that nobody has verified and placed.
    unprocessed: Moments,
}

/// The sums of one audience.
#[derive(Debug, Default, Clone, PartialEq)]
struct Sums {
    sections: [Sum; SECTIONS.len()],
    parties: BTreeMap<String, Sum>,
}

/// The sums of all audiences.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Tally(BTreeMap<Id, Sums>);

/// Whether an entry is being put in or taken out.
#[derive(Debug, Clone, Copy)]
enum Way {
    In,
    Out,
}

impl Way {
    fn count(self, of: &mut usize) {
        match self {
            Self::In => *of += 1,
            Self::Out => *of = of.saturating_sub(1),
        }
    }

    fn moment(self, of: &mut Moments, ms: i64) {
        let held = of.entry(ms).or_default();
        self.count(held);
        if *held == 0 {
            of.remove(&ms);
        }
    }
}

impl Sum {
    fn add(&mut self, way: Way, expire_ms: Option<i64>) {
        way.count(&mut self.entries);
        if let Some(ms) = expire_ms {
            way.moment(&mut self.expire, ms);
        }
    }

    fn is_empty(&self) -> bool {
        self.entries == 0 && self.recorded.is_empty()
    }

    fn tell(&self, filled: &mut Filled, now_ms: i64) {
        filled.entries += self.entries;
        filled.stale += self.expire.range(..=now_ms).map(|(_, held)| held).sum::<usize>();
        filled.last_ms = filled.last_ms.max(self.recorded.keys().next_back().copied());
    }
}

impl Sums {
    fn entry(&mut self, way: Way, versions: &[Version]) {
        // An entry is stale when all of its versions are.
        let expire = versions.iter().map(|version| version.said.expire_ms);
        let expire = expire.collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max());
        let mut counted = [false; SECTIONS.len()];
        for version in versions {
            let said = &version.said;
            if !said.party.is_empty() {
                let sum = match self.parties.get_mut(&said.party) {
                    Some(sum) => sum,
                    None => self.parties.entry(said.party.clone()).or_default(),
                };
                // Whoever takes something back speaks, too; whoever says that they read something
                // adds nothing to the picture.
                if said.acknowledges.is_empty() {
                    way.moment(&mut sum.recorded, said.recorded_ms);
                }
                if counts(version) {
                    sum.add(way, said.expire_ms);
                }
                if sum.is_empty() {
                    self.parties.remove(&said.party);
                }
            }
            let section = SECTIONS.iter().position(|section| *section == said.section);
            let Some(section) = section.filter(|_| counts(version)) else { continue };
            way.moment(&mut self.sections[section].recorded, said.recorded_ms);
            if !said.processed {
                way.moment(&mut self.sections[section].unprocessed, said.recorded_ms);
            }
            // An entry is in a section once, however many versions of it there are.
            if !std::mem::replace(&mut counted[section], true) {
                self.sections[section].add(way, expire);
            }
        }
    }
}

/// Whether a version fills anything.
fn counts(version: &Version) -> bool {
    !version.said.retracted && version.said.acknowledges.is_empty()
}

impl Tally {
    /// Counts the current versions of an entry.
    pub(super) fn add(&mut self, scope: Id, versions: &[Version]) {
        self.0.entry(scope).or_default().entry(Way::In, versions);
    }

    /// Takes out what was counted.
    pub(super) fn remove(&mut self, scope: Id, versions: &[Version]) {
        let Some(sums) = self.0.get_mut(&scope) else { return };
        sums.entry(Way::Out, versions);
        if *sums == Sums::default() {
            self.0.remove(&scope);
        }
    }

    /// When the first version of a section was recorded, of those that are current.
    pub(super) fn first_in(&self, section: Section, seen: impl Fn(Id) -> bool) -> Option<i64> {
        let at = SECTIONS.iter().position(|one| *one == section)?;
        let sums = self.0.iter().filter(|(scope, _)| seen(**scope));
        sums.filter_map(|(_, sums)| sums.sections[at].recorded.keys().next().copied()).min()
    }

    /// What nobody has verified and placed in some scopes, and how much of it was recorded up to a
    /// moment, by section.
    pub(super) fn unprocessed(
        &self,
        until_ms: i64,
        seen: impl Fn(Id) -> bool,
    ) -> [Unprocessed; SECTIONS.len()] {
        let mut found = [Unprocessed::default(); SECTIONS.len()];
        for (_, sums) in self.0.iter().filter(|(scope, _)| seen(**scope)) {
            for (found, sum) in found.iter_mut().zip(&sums.sections) {
                found.late += sum.unprocessed.range(..=until_ms).map(|(_, n)| n).sum::<usize>();
                let first = sum.unprocessed.keys().next().copied();
                found.first_ms = [found.first_ms, first].into_iter().flatten().min();
            }
        }
        found
    }

    /// All of some scopes together, as of a moment.
    pub(super) fn tell(&self, now_ms: i64, seen: impl Fn(Id) -> bool) -> Gaps {
        let mut gaps = Gaps {
            sections: SECTIONS.map(|section| (section, Filled::default())),
            parties: BTreeMap::new(),
        };
        for (_, sums) in self.0.iter().filter(|(scope, _)| seen(**scope)) {
            for ((_, filled), sum) in gaps.sections.iter_mut().zip(&sums.sections) {
                sum.tell(filled, now_ms);
            }
            for (party, sum) in &sums.parties {
                sum.tell(gaps.parties.entry(party.clone()).or_default(), now_ms);
            }
        }
        gaps
    }
}

/// What is there, by section and by party.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gaps {
    /// The three sections.
    pub sections: [(Section, Filled); 3],
    /// Parties that spoke, by name.
    pub parties: BTreeMap<String, Filled>,
}
