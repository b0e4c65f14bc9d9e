//! Wall time as a node sees it: the system's, or a scenario's while it is replayed.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Milliseconds since 1970 by the system's clock.
pub fn system_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    since.as_millis() as i64
}

/// A node's clock.
#[derive(Debug)]
pub enum Wall {
    /// The system's.
    System,
    /// Set from outside and running on from there: what a replayed scenario says.
    Scripted {
        /// When it was made.
        start: Instant,
        /// Milliseconds since 1970 at `start`.
        offset_ms: AtomicI64,
    },
}

impl Wall {
    /// A clock that runs from a given moment on.
    pub fn scripted(now_ms: i64) -> Self {
        Self::Scripted { start: Instant::now(), offset_ms: AtomicI64::new(now_ms) }
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        match self {
            Self::System => system_ms(),
            Self::Scripted { start, offset_ms } => {
                offset_ms.load(Ordering::Relaxed) + start.elapsed().as_millis() as i64
            }
        }
    }

    /// Sets a scripted clock; the system's is not ours to set.
    pub fn set(&self, now_ms: i64) {
        if let Self::Scripted { start, offset_ms } = self {
            offset_ms.store(now_ms - start.elapsed().as_millis() as i64, Ordering::Relaxed);
        }
    }
}
