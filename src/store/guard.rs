//! What every engine gets around it: one owner of the directory, a store that is made whole or
//! not at all, panics caught, and no commit after the first that failed.

use std::{
    any::Any,
    cell::Cell,
    fs::{self, File, TryLockError},
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use bytes::Bytes;

use super::engine::{Batch, Engine, EngineError, Range, Tree, Visit};

/// Opens an engine in `<path>/<name>`, guarded.
///
/// A new store is made under another name, synced and then renamed: neither engine opens again
/// when the power goes while it makes its first files.
pub(super) fn guarded<E: Engine + 'static>(
    name: &str,
    path: &Path,
    open: impl Fn(&Path) -> Result<E, EngineError>,
) -> Result<Box<dyn Engine>, EngineError> {
    fs::create_dir_all(path)?;
    let lock = lock(path)?;
    let home = path.join(name);
    caught(|| {
        if !home.try_exists()? {
            make(&path.join(format!("{name}.new")), &home, &open)?;
            File::open(path)?.sync_all()?;
        }
        Ok(guard(patiently(|| open(&home))?, Some(lock)))
    })
}

/// Tries again while the engine's own lock is taken: with ours in hand the holder can only be the
/// store closed before, whose threads (sled) or just forked children have not let go yet.
fn patiently<E>(open: impl Fn() -> Result<E, EngineError>) -> Result<E, EngineError> {
    for _ in 0..100 {
        match open() {
            Err(EngineError::Locked(_)) => thread::sleep(Duration::from_millis(10)),
            done => return done,
        }
    }
    open()
}

/// Guards an engine that has no directory.
pub(super) fn guard(engine: impl Engine + 'static, lock: Option<Lock>) -> Box<dyn Engine> {
    let name = engine.name();
    Box::new(Guard { engine: Some(Box::new(engine)), name, failed: Mutex::new(None), _lock: lock })
}

fn make<E: Engine>(
    draft: &Path,
    home: &Path,
    open: &impl Fn(&Path) -> Result<E, EngineError>,
) -> Result<(), EngineError> {
    match fs::remove_dir_all(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    fs::create_dir(draft)?;
    Box::new(open(draft)?).close()?;
    sync_all_below(draft)?;
    fs::rename(draft, home)?;
    Ok(())
}

fn sync_all_below(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_all_below(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(path)?.sync_all()
}

/// The right to open a directory. The kernel takes it back when the process ends, however it ends.
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Said aloud, because closing is not enough while a child just forked shares the handle.
        let _ = self.0.unlock();
    }
}

fn lock(path: &Path) -> Result<Lock, EngineError> {
    let file = path.join("polder.lock");
    let handle = File::options().create(true).truncate(false).write(true).open(&file)?;
    match handle.try_lock() {
        Ok(()) => Ok(Lock(handle)),
        Err(TryLockError::WouldBlock) => Err(EngineError::Locked(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Runs engine code and turns a panic into an error.
fn caught<T>(run: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|panic| Err(EngineError::Panicked(words(panic.as_ref()))))
}

fn dropped(engine: Box<dyn Engine>) -> Result<(), EngineError> {
    caught(|| {
        drop(engine);
        Ok(())
    })
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}

struct Guard {
    /// Taken when the store closes.
    engine: Option<Box<dyn Engine>>,
    name: &'static str,
    /// Why no commit is taken any more. Held over a commit: the next one must not begin before
    /// it is known whether this one failed.
    failed: Mutex<Option<EngineError>>,
    _lock: Option<Lock>,
}

impl Guard {
    fn engine(&self) -> &dyn Engine {
        self.engine.as_deref().expect("the engine is only taken by close and drop, which end us")
    }

    fn failed(&self) -> MutexGuard<'_, Option<EngineError>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads go on after a failure, but one that panicked leaves an engine nobody can vouch for.
    fn read<T>(
        &self,
        run: impl FnOnce(&dyn Engine) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let done = caught(|| run(self.engine()));
        if let Err(error @ EngineError::Panicked(_)) = &done {
            self.failed().get_or_insert_with(|| error.clone());
        }
        done
    }
}

impl Engine for Guard {
    fn commit(&self, batch: Batch) -> Result<(), EngineError> {
        let mut failed = self.failed();
        if let Some(error) = &*failed {
            return Err(error.clone());
        }
        let done = caught(|| self.engine().commit(batch));
        *failed = done.clone().err();
        done
    }

    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.read(|engine| engine.get(tree, key))
    }

    fn scan(&self, tree: Tree, range: Range<'_>, visit: &mut Visit<'_>) -> Result<(), EngineError> {
        if range.until.is_some_and(|until| until <= range.from) {
            return Ok(());
        }
        // A panic of the visitor is the caller's and goes on to the caller.
        let visiting = Cell::new(false);
        let mut of_visitor = None;
        let done = self.read(|engine| {
            let scan = || {
                engine.scan(tree, range, &mut |key, value| {
                    visiting.set(true);
                    let flow = visit(key, value);
                    visiting.set(false);
                    flow
                })
            };
            match catch_unwind(AssertUnwindSafe(scan)) {
                Ok(done) => done,
                Err(panic) if visiting.get() => {
                    of_visitor = Some(panic);
                    Ok(())
                }
                Err(panic) => resume_unwind(panic),
            }
        });
        if let Some(panic) = of_visitor {
            resume_unwind(panic);
        }
        done
    }

    fn size_bytes(&self) -> Result<u64, EngineError> {
        self.read(|engine| engine.size_bytes())
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn close(mut self: Box<Self>) -> Result<(), EngineError> {
        let engine = self.engine.take().expect("close takes the guard, so it runs once");
        if let Some(error) = self.failed().clone() {
            // Closing would write to a store whose last write failed.
            let _ = dropped(engine);
            return Err(error);
        }
        caught(|| engine.close())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(engine) = self.engine.take() else {
            return;
        };
        if let Err(error) = dropped(engine) {
            tracing::error!(engine = self.name, %error, "the store did not close cleanly");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// Panics or fails when told to by the key.
    struct Moody;

    impl Engine for Moody {
        fn commit(&self, batch: Batch) -> Result<(), EngineError> {
            match batch.writes[0].1.as_slice() {
                b"panic" => panic!("moody"),
                b"full" => Err(EngineError::NoSpace("full".to_owned())),
                _ => Ok(()),
            }
        }
        fn get(&self, _: Tree, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
            if key == b"panic" { panic!("moody {}", 1) } else { Ok(None) }
        }
        fn scan(&self, _: Tree, _: Range<'_>, visit: &mut Visit<'_>) -> Result<(), EngineError> {
            let _ = visit(b"key", b"value");
            Ok(())
        }
        fn size_bytes(&self) -> Result<u64, EngineError> {
            Ok(0)
        }
        fn name(&self) -> &'static str {
            "moody"
        }
        fn close(self: Box<Self>) -> Result<(), EngineError> {
            Ok(())
        }
    }

    impl Drop for Moody {
        fn drop(&mut self) {
            panic!("moody to the end");
        }
    }

    fn commit(engine: &dyn Engine, key: &str) -> Result<(), EngineError> {
        engine.commit(Batch { writes: vec![(Tree::Meta, key.into(), None)] })
    }

    #[test]
    fn after_a_failed_commit_no_commit_is_taken_but_reads_go_on() {
        let engine = guard(Moody, None);
        commit(&*engine, "fine").unwrap();
        let full = EngineError::NoSpace("full".to_owned());
        assert_eq!(commit(&*engine, "full"), Err(full.clone()));
        assert_eq!(commit(&*engine, "fine"), Err(full.clone()));
        assert_eq!(engine.get(Tree::Meta, b"key"), Ok(None));
        assert_eq!(engine.close(), Err(full));
    }

    #[test]
    fn a_panic_of_the_engine_is_an_error_and_ends_commits() {
        let engine = guard(Moody, None);
        let panicked = EngineError::Panicked("moody".to_owned());
        assert_eq!(commit(&*engine, "panic"), Err(panicked.clone()));
        assert_eq!(commit(&*engine, "fine"), Err(panicked));

        let engine = guard(Moody, None);
        let panicked = EngineError::Panicked("moody 1".to_owned());
        assert_eq!(engine.get(Tree::Meta, b"panic"), Err(panicked.clone()));
        assert_eq!(commit(&*engine, "fine"), Err(panicked));
    }

    #[test]
    fn a_panic_of_the_visitor_stays_the_callers() {
        let engine = guard(Moody, None);
        let all = Range { from: b"", until: None, backwards: false };
        let scan = || engine.scan(Tree::Meta, all, &mut |_, _| panic!("mine"));
        assert!(catch_unwind(AssertUnwindSafe(scan)).is_err());
        commit(&*engine, "fine").unwrap();
    }
}
