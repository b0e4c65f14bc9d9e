//! A data directory: its lock, its key, and which store in it is in use.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use polder_picture::record::Signer;

use super::engine::{self, Engine, EngineError};

/// What can be wrong with a data directory.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Nothing there yet.
    #[error("{path} holds no store; make one with `polder init --data {path}`", path = .0.display())]
    Missing(PathBuf),
    /// Something there already.
    #[error("{} holds a store already", .0.display())]
    Exists(PathBuf),
    /// Another process has it open.
    #[error("{} is in use by another polder process", .0.display())]
    InUse(PathBuf),
    /// A file of ours does not hold what it should.
    #[error("{}: {problem}", .path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The file system refused.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A locked data directory. The lock goes when this is dropped, or with the process.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Makes a directory for a new store and locks it.
    pub fn create(path: &Path) -> Result<Self, DirectoryError> {
        make_dir(path)?;
        let directory = Self::lock(path)?;
        // A key without the pointer is a store whose pointer was lost, not an empty directory.
        if directory.current_file().exists() || directory.key_file().exists() {
            return Err(DirectoryError::Exists(path.to_owned()));
        }
        Ok(directory)
    }

    /// Locks a directory that holds a store.
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        let current = path.join("current");
        if current.exists() {
            return Self::lock(path);
        }
        if path.join("identity").join("node.key").exists() {
            let problem = "is missing, but there is a key: it says which store is in use, \
                           such as `store-000001 fjall`";
            return Err(DirectoryError::Malformed { path: current, problem });
        }
        Err(DirectoryError::Missing(path.to_owned()))
    }

    fn lock(path: &Path) -> Result<Self, DirectoryError> {
        let file = path.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&file);
        let lock = lock.map_err(|error| io_error(&file, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DirectoryError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(io_error(&file, error)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where attachments are kept.
    pub fn attachments(&self) -> PathBuf {
        self.path.join("attachments")
    }

    fn current_file(&self) -> PathBuf {
        self.path.join("current")
    }

    /// Number and engine of the store in use.
    pub fn current(&self) -> Result<(u32, String), DirectoryError> {
        let path = self.current_file();
        let text = fs::read_to_string(&path).map_err(|error| io_error(&path, error))?;
        let parsed = text.trim().split_once(' ').and_then(|(store, engine)| {
            Some((store.strip_prefix("store-")?.parse().ok()?, engine.to_owned()))
        });
        parsed.ok_or(DirectoryError::Malformed { path, problem: "names no store" })
    }

    /// Path of a store.
    pub fn store(&self, number: u32) -> PathBuf {
        self.path.join(format!("store-{number:06}"))
    }

    /// Opens the store in use, and clears away stores that a compaction left behind.
    pub fn open_engine(&self) -> Result<Box<dyn Engine>, DirectoryError> {
        let (number, engine) = self.current()?;
        self.clear_others(number);
        Ok(engine::open(&engine, &self.store(number))?)
    }

    /// Opens a new, empty store beside the one in use.
    pub fn new_engine(&self, number: u32, engine: &str) -> Result<Box<dyn Engine>, DirectoryError> {
        let path = self.store(number);
        if path.exists() {
            fs::remove_dir_all(&path).map_err(|error| io_error(&path, error))?;
        }
        make_dir(&path)?;
        Ok(engine::open(engine, &path)?)
    }

    /// Switches to another store: from here on the next start opens that one.
    pub fn switch(&self, number: u32, engine: &str) -> Result<(), DirectoryError> {
        write_durably(
            &self.current_file(),
            format!("store-{number:06} {engine}\n").as_bytes(),
            0o644,
        )
    }

    /// Removes stores other than the one in use. What cannot be removed is left for next time.
    pub fn clear_others(&self, current: u32) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        let keep = self.store(current);
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with("store-")
                && path != keep
                && let Err(error) = fs::remove_dir_all(&path)
            {
                tracing::warn!(path = %path.display(), %error, "an old store stays on the disk");
            }
        }
    }

    /// Removes a store that is not in use. What cannot be removed is left for next time.
    pub fn discard(&self, number: u32) {
        let path = self.store(number);
        if let Err(error) = fs::remove_dir_all(&path) {
            tracing::warn!(path = %path.display(), %error, "half a store stays on the disk");
        }
    }

    /// Makes a new key for this node.
    pub fn create_key(&self) -> Result<Signer, DirectoryError> {
        self.new_key(&self.key_file())
    }

    fn new_key(&self, path: &Path) -> Result<Signer, DirectoryError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)
            .map_err(|error| io_error(path, io::Error::other(error.to_string())))?;
        make_dir(&self.path.join("identity"))?;
        write_durably(path, format!("{}\n", hex::encode(secret)).as_bytes(), 0o600)?;
        Ok(Signer::new(&secret))
    }

    /// Writes down that the key must not be used any more, and why.
    pub fn retire_key(&self, problem: &str) -> Result<(), DirectoryError> {
        write_durably(&self.retired_file(), format!("{problem}\n").as_bytes(), 0o644)
    }

    /// Whether that was written down.
    pub fn key_is_retired(&self) -> bool {
        self.retired_file().exists()
    }

    /// Makes the key that comes after a retired one, beside it.
    pub fn create_next_key(&self) -> Result<Signer, DirectoryError> {
        self.new_key(&self.next_key_file())
    }

    /// The key beside the node's own, if a change was broken off.
    pub fn read_next_key(&self) -> Result<Option<Signer>, DirectoryError> {
        let path = self.next_key_file();
        if path.exists() { read_key_file(path).map(Some) } else { Ok(None) }
    }

    /// Puts that key in the place of the retired one.
    pub fn take_next_key(&self) -> Result<(), DirectoryError> {
        let (next, key) = (self.next_key_file(), self.key_file());
        fs::rename(&next, &key).map_err(|error| io_error(&next, error))?;
        let retired = self.retired_file();
        match fs::remove_file(&retired) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(&retired, error)),
            _ => {
                let folder = self.path.join("identity");
                let synced = File::open(&folder).and_then(|folder| folder.sync_all());
                synced.map_err(|error| io_error(&folder, error))
            }
        }
    }

    fn retired_file(&self) -> PathBuf {
        self.path.join("identity").join("retired")
    }

    fn next_key_file(&self) -> PathBuf {
        self.path.join("identity").join("next.key")
    }

    /// Reads this node's key.
    pub fn read_key(&self) -> Result<Signer, DirectoryError> {
        read_key_file(self.key_file())
    }

    fn key_file(&self) -> PathBuf {
        self.path.join("identity").join("node.key")
    }
}

fn read_key_file(path: PathBuf) -> Result<Signer, DirectoryError> {
    let text = fs::read_to_string(&path).map_err(|error| io_error(&path, error))?;
    let mut secret = [0; 32];
    if hex::decode_to_slice(text.trim(), &mut secret).is_err() {
        return Err(DirectoryError::Malformed { path, problem: "is no key of 64 hex digits" });
    }
    Ok(Signer::new(&secret))
}

fn io_error(path: &Path, error: io::Error) -> DirectoryError {
    DirectoryError::Io { path: path.to_owned(), error }
}

fn make_dir(path: &Path) -> Result<(), DirectoryError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| io_error(path, error))
}

/// Writes a whole file so that after a power cut it is the old or the new one.
pub fn write_durably(path: &Path, bytes: &[u8], mode: u32) -> Result<(), DirectoryError> {
    let fresh = path.with_extension("new");
    let write = || {
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(mode).open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        // A bare file name has a parent, and it is empty.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|error| io_error(path, error))
}
