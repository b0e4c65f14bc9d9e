//! Nodes that are put back to an old backup. Here under a new key, as `polder restore` does it:
//! the old feeds end where they end, and come back from whoever holds more of them. A node that
//! goes on under its old key forks its feeds; that is another story and not told here.

use polder_picture::link::Shared;

use crate::{
    disk::Disk,
    sim::{Sim, signer},
};

impl Sim<'_> {
    pub(crate) fn back_up(&mut self) {
        let node = self.random.below(self.plan.honest() as u64) as usize;
        self.backup = Some((node, self.nodes[node].disk.clone()));
    }

    pub(crate) fn restore(&mut self) {
        let Some((at, disk)) = self.backup.take() else { return };
        self.crash(at);
        let store_id = self.random.id();
        let node = &mut self.nodes[at];
        node.disk = disk;
        node.disk.entitled.clone_from(&self.entitled[at]);
        node.signer = signer(self.plan.seed, at, 1);
        node.store_id = store_id;
        node.shared = Shared::default();
        self.excuse(None);
    }

    /// A new node, with nothing on its disk and a key of its own, takes the place of another.
    pub(crate) fn newcomer(&mut self) {
        self.newcomers += 1;
        let at = self.random.below(self.plan.honest() as u64) as usize;
        self.crash(at);
        let store_id = self.random.id();
        let node = &mut self.nodes[at];
        let (entitled, small_pieces) = (self.entitled[at].clone(), node.disk.small_pieces);
        node.disk = Disk { entitled, small_pieces, ..Disk::default() };
        node.signer = signer(self.plan.seed, at, 1 + self.newcomers as u8);
        node.store_id = store_id;
        node.shared = Shared::default();
        self.excuse(None);
        // A backup of who stood there before is of another node.
        self.backup = self.backup.take().filter(|(of, _)| *of != at);
    }

    /// What nobody holds any more, of those who have a right to it, cannot come from anybody.
    pub(crate) fn excuse(&mut self, number: Option<usize>) {
        for (feed, written) in &mut self.written {
            if number.is_some_and(|number| number != written.scope) {
                continue;
            }
            let honest = (0..self.plan.honest()).zip(&self.nodes);
            let honest = honest.filter(|(at, _)| self.rights[*at].contains(&written.scope));
            let held = honest.map(|(_, node)| node.disk.end(*feed).sequence).max();
            written.due = written.due.min(held.unwrap_or_default());
        }
    }
}
