//! An engine that keeps everything in memory, for the simulator and for tests.

use std::{
    collections::BTreeMap,
    mem,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use super::{
    engine::{Batch, Engine, EngineError, Range, Tree, Visit},
    guard::guard,
};

/// Name in logs.
pub const NAME: &str = "memory";

/// A disk in memory: what is committed outlives the engine that wrote it, as on a real disk.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    trees: [BTreeMap<Vec<u8>, Bytes>; Tree::ALL.len()],
    fail_next: Option<EngineError>,
    open: bool,
}

impl Disk {
    /// Opens the store on this disk.
    ///
    /// # Errors
    ///
    /// [`EngineError::Locked`] while another engine has it open.
    pub fn open(&self) -> Result<Box<dyn Engine>, EngineError> {
        if mem::replace(&mut self.content().open, true) {
            return Err(EngineError::Locked(NAME.to_owned()));
        }
        Ok(guard(Memory(self.clone()), None))
    }

    /// Makes the next commit fail with this error and change nothing.
    pub fn fail_next(&self, error: EngineError) {
        self.content().fail_next = Some(error);
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Memory(Disk);

impl Engine for Memory {
    fn commit(&self, batch: Batch) -> Result<(), EngineError> {
        let mut content = self.0.content();
        if let Some(error) = content.fail_next.take() {
            return Err(error);
        }
        for (tree, key, value) in batch.writes {
            let tree = &mut content.trees[tree as usize];
            match value {
                Some(value) => tree.insert(key, value.into()),
                None => tree.remove(&key),
            };
        }
        Ok(())
    }

    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        Ok(self.0.content().trees[tree as usize].get(key).cloned())
    }

    fn scan(&self, tree: Tree, range: Range<'_>, visit: &mut Visit<'_>) -> Result<(), EngineError> {
        // One look-up a step, so that the visitor may read and commit as it can on the others.
        let mut from = Bound::Included(range.from.to_vec());
        let mut until = range.until.map_or(Bound::Unbounded, |key| Bound::Excluded(key.to_vec()));
        loop {
            let (key, value) = {
                let content = self.0.content();
                let mut rows = content.trees[tree as usize].range((from.clone(), until.clone()));
                let row = if range.backwards { rows.next_back() } else { rows.next() };
                let Some((key, value)) = row else {
                    return Ok(());
                };
                (key.clone(), value.clone())
            };
            if visit(&key, &value).is_break() {
                return Ok(());
            }
            // `range` panics when both ends exclude the same key: nothing is left then.
            let ends = Bound::Excluded(key);
            let other = if range.backwards { &from } else { &until };
            if *other == ends {
                return Ok(());
            }
            *(if range.backwards { &mut until } else { &mut from }) = ends;
        }
    }

    fn size_bytes(&self) -> Result<u64, EngineError> {
        let content = self.0.content();
        let rows = content.trees.iter().flatten();
        Ok(rows.map(|(key, value)| (key.len() + value.len()) as u64).sum())
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn close(self: Box<Self>) -> Result<(), EngineError> {
        Ok(())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.0.content().open = false;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn put(engine: &dyn Engine, key: &[u8]) -> Result<(), EngineError> {
        engine.commit(Batch { writes: vec![(Tree::Meta, key.to_vec(), Some(b"v".to_vec()))] })
    }

    #[test]
    fn commits_outlive_the_engine_and_one_engine_has_the_disk() {
        let disk = Disk::default();
        let engine = disk.open().unwrap();
        put(&*engine, b"a").unwrap();
        assert!(matches!(disk.open(), Err(EngineError::Locked(_))));
        engine.close().unwrap();
        let engine = disk.open().unwrap();
        assert_eq!(engine.get(Tree::Meta, b"a").unwrap().as_deref(), Some(&b"v"[..]));
    }

    #[test]
    fn a_commit_told_to_fail_changes_nothing_and_reopening_heals() {
        let disk = Disk::default();
        let engine = disk.open().unwrap();
        let full = EngineError::NoSpace("told to".to_owned());
        disk.fail_next(full.clone());
        assert_eq!(put(&*engine, b"a"), Err(full.clone()));
        assert_eq!(put(&*engine, b"a"), Err(full));
        drop(engine);
        let engine = disk.open().unwrap();
        assert_eq!(engine.get(Tree::Meta, b"a").unwrap(), None);
        put(&*engine, b"a").unwrap();
    }
}
