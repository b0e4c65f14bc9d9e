//! Room on the disk: which lanes are still accepted with what is left.
//!
//! Bulk is refused first, then routine, then urgent: always before acknowledging, never after.

use std::{io, path::Path, time::Instant};

use parking_lot::Mutex;
use polder_wire::v1::Lane;

/// Free space below which a lane is refused, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reserve {
    /// Bulk is refused below this.
    pub bulk_bytes: u64,
    /// Routine is refused below this.
    pub routine_bytes: u64,
    /// Urgent is refused below this: what the engine itself needs to close in good order.
    pub urgent_bytes: u64,
}

impl Default for Reserve {
    fn default() -> Self {
        Self { bulk_bytes: 2 << 30, routine_bytes: 512 << 20, urgent_bytes: 64 << 20 }
    }
}

impl Reserve {
    /// On a small disk the reserves shrink with it: at most a fifth, a tenth and a twentieth.
    pub fn on_disk_of(self, size_bytes: u64) -> Self {
        Self {
            bulk_bytes: self.bulk_bytes.min(size_bytes / 5),
            routine_bytes: self.routine_bytes.min(size_bytes / 10),
            urgent_bytes: self.urgent_bytes.min(size_bytes / 20),
        }
    }

    /// Least free space that a lane needs.
    pub fn of(&self, lane: Lane) -> u64 {
        match lane {
            Lane::Urgent => self.urgent_bytes,
            Lane::Routine | Lane::Unspecified => self.routine_bytes,
            Lane::Bulk => self.bulk_bytes,
        }
    }
}

/// Free and total bytes of the file system that holds a path.
pub fn space(path: &Path) -> io::Result<(u64, u64)> {
    let stat = rustix::fs::statvfs(path)?;
    Ok((stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize))
}

/// Watches the disk of a data directory.
#[derive(Debug)]
pub struct Disk {
    path: std::path::PathBuf,
    reserve: Reserve,
    last: Mutex<Option<(Instant, u64)>>,
}

/// A reading of the free space is good for so long.
const FRESH_MS: u128 = 50;

impl Disk {
    /// Watches the file system of a directory.
    pub fn new(path: &Path, reserve: Reserve) -> io::Result<Self> {
        let (_, size) = space(path)?;
        Ok(Self {
            path: path.to_owned(),
            reserve: reserve.on_disk_of(size),
            last: Mutex::default(),
        })
    }

    /// Free bytes, at most 50 ms old. A disk that cannot be asked counts as full.
    pub fn free_bytes(&self) -> u64 {
        let mut last = self.last.lock();
        if let Some((at, free)) = *last
            && at.elapsed().as_millis() < FRESH_MS
        {
            return free;
        }
        let free = space(&self.path).map_or(0, |(free, _)| free);
        *last = Some((Instant::now(), free));
        free
    }

    /// True when records of the lane are accepted.
    pub fn accepts(&self, lane: Lane) -> bool {
        self.free_bytes() >= self.reserve.of(lane)
    }

    /// Lanes that are accepted.
    pub fn accepting(&self) -> Vec<Lane> {
        let lanes = [Lane::Urgent, Lane::Routine, Lane::Bulk];
        lanes.into_iter().filter(|lane| self.accepts(*lane)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bulk_is_refused_first_then_routine_then_urgent() {
        let reserve = Reserve::default();
        assert!(reserve.of(Lane::Bulk) > reserve.of(Lane::Routine));
        assert!(reserve.of(Lane::Routine) > reserve.of(Lane::Urgent));
        let small = reserve.on_disk_of(64 << 20);
        assert!(small.of(Lane::Bulk) < 14 << 20 && small.of(Lane::Urgent) > 3 << 20);
    }
}
