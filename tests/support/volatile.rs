//! A file system that forgets, at a power cut, what was written and not synced.
//!
//! Names and `set_len` last at once and in order, as on a file system with a metadata journal.
//! Contents, and the length they add, last once their file is synced; of the rest a cut keeps
//! nothing, or each page of 4 kB at random.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ffi::{OsStr, OsString},
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fuser::{
    BackgroundSession, BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem,
    FopenFlags, Generation, INodeNo, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate,
    ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request,
    TimeOrNow, WriteFlags,
};

use super::Random;

const PAGE: u64 = 4096;
type Page = Arc<[u8; PAGE as usize]>;

/// What a power cut does to pages that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// None is kept.
    Dropped,
    /// Each is kept or not, by chance.
    AtRandom,
}

/// The mounted file system; unmounts when dropped.
pub(crate) struct Volatile {
    disk: Arc<Mutex<Disk>>,
    session: Option<BackgroundSession>,
}

impl Volatile {
    pub(crate) fn mount(at: &Path) -> io::Result<Self> {
        let mut disk = Disk::default();
        disk.nodes.insert(1, Node::Directory(BTreeMap::new()));
        disk.last = 1;
        let disk = Arc::new(Mutex::new(disk));
        let session = fuser::spawn_mount(Mounted(disk.clone()), at, &Config::default())?;
        Ok(Self { disk, session: Some(session) })
    }

    /// Cuts the power; whoever had files open must be dead by then.
    pub(crate) fn cut(&self, how: Cut, random: &mut Random) {
        let mut disk = self.disk.lock().unwrap();
        for node in disk.nodes.values_mut() {
            if let Node::File(file) = node {
                file.cut(how, random);
            }
        }
    }
}

impl Drop for Volatile {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            let _ = session.umount_and_join();
        }
    }
}

#[derive(Default)]
struct Disk {
    nodes: HashMap<u64, Node>,
    last: u64,
}

enum Node {
    Directory(BTreeMap<OsString, u64>),
    File(File),
}

#[derive(Default)]
struct File {
    len: u64,
    pages: BTreeMap<u64, Page>,
    dirty: BTreeSet<u64>,
    lasting_len: u64,
    lasting: BTreeMap<u64, Page>,
}

impl File {
    fn write(&mut self, mut at: u64, mut data: &[u8]) {
        self.len = self.len.max(at + data.len() as u64);
        while !data.is_empty() {
            let (page, skip) = (at / PAGE, (at % PAGE) as usize);
            let (now, later) = data.split_at(data.len().min(PAGE as usize - skip));
            let bytes = self.pages.entry(page).or_insert_with(|| Arc::new([0; PAGE as usize]));
            Arc::make_mut(bytes)[skip..skip + now.len()].copy_from_slice(now);
            self.dirty.insert(page);
            at += now.len() as u64;
            data = later;
        }
    }

    fn read(&self, at: u64, size: u64) -> Vec<u8> {
        let end = self.len.min(at + size);
        let mut out = Vec::new();
        let mut from = at;
        while from < end {
            let (page, skip) = (from / PAGE, (from % PAGE) as usize);
            let take = (PAGE as usize - skip).min((end - from) as usize);
            match self.pages.get(&page) {
                Some(bytes) => out.extend_from_slice(&bytes[skip..skip + take]),
                None => out.resize(out.len() + take, 0),
            }
            from += take as u64;
        }
        out
    }

    fn set_len(&mut self, len: u64) {
        for pages in [&mut self.pages, &mut self.lasting] {
            pages.retain(|page, _| page * PAGE < len);
            if let Some(bytes) = pages.get_mut(&(len / PAGE)) {
                Arc::make_mut(bytes)[(len % PAGE) as usize..].fill(0);
            }
        }
        self.dirty.retain(|page| page * PAGE < len);
        self.len = len;
        self.lasting_len = len;
    }

    fn sync(&mut self) {
        for page in std::mem::take(&mut self.dirty) {
            self.lasting.insert(page, self.pages[&page].clone());
        }
        self.lasting_len = self.len;
    }

    fn cut(&mut self, how: Cut, random: &mut Random) {
        for page in std::mem::take(&mut self.dirty) {
            if how == Cut::AtRandom && random.below(2) == 0 {
                self.lasting.insert(page, self.pages[&page].clone());
                self.lasting_len = self.lasting_len.max(self.len.min((page + 1) * PAGE));
            }
        }
        self.pages = self.lasting.clone();
        self.len = self.lasting_len;
    }
}

impl Disk {
    fn add(&mut self, parent: INodeNo, name: &OsStr, node: Node) -> Result<u64, Errno> {
        self.last += 1;
        let id = self.last;
        self.directory(parent)?.insert(name.to_owned(), id);
        self.nodes.insert(id, node);
        Ok(id)
    }

    fn directory(&mut self, id: INodeNo) -> Result<&mut BTreeMap<OsString, u64>, Errno> {
        match self.nodes.get_mut(&id.0) {
            Some(Node::Directory(names)) => Ok(names),
            Some(Node::File(_)) => Err(Errno::ENOTDIR),
            None => Err(Errno::ENOENT),
        }
    }

    fn file(&mut self, id: INodeNo) -> Result<&mut File, Errno> {
        match self.nodes.get_mut(&id.0) {
            Some(Node::File(file)) => Ok(file),
            Some(Node::Directory(_)) => Err(Errno::EISDIR),
            None => Err(Errno::ENOENT),
        }
    }

    fn attributes(&self, id: u64) -> Result<FileAttr, Errno> {
        let (kind, size, blocks) = match self.nodes.get(&id).ok_or(Errno::ENOENT)? {
            Node::Directory(_) => (FileType::Directory, 0, 0),
            Node::File(file) => (FileType::RegularFile, file.len, file.pages.len() as u64 * 8),
        };
        let (ino, time) = (INodeNo(id), UNIX_EPOCH);
        let (atime, mtime, ctime, crtime) = (time, time, time, time);
        let (perm, nlink, uid, gid, rdev, blksize, flags) = (0o755, 1, 0, 0, 0, 4096, 0);
        Ok(FileAttr {
            ino,
            size,
            blocks,
            atime,
            mtime,
            ctime,
            crtime,
            kind,
            perm,
            nlink,
            uid,
            gid,
            rdev,
            blksize,
            flags,
        })
    }

    fn lookup(&mut self, parent: INodeNo, name: &OsStr) -> Result<FileAttr, Errno> {
        let id = *self.directory(parent)?.get(name).ok_or(Errno::ENOENT)?;
        self.attributes(id)
    }
}

/// Nothing is cached in the kernel: what a cut took must not be read again.
const NO_TIME: Duration = Duration::ZERO;
const UNCACHED: FopenFlags = FopenFlags::FOPEN_DIRECT_IO;

struct Mounted(Arc<Mutex<Disk>>);

impl Mounted {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap()
    }
}

macro_rules! answer {
    ($reply:ident, $result:expr, $found:pat => $then:expr) => {
        match $result {
            Ok($found) => $then,
            Err(error) => $reply.error(error),
        }
    };
}

impl Filesystem for Mounted {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let found = self.disk().lookup(parent, name);
        answer!(reply, found, attr => reply.entry(&NO_TIME, &attr, Generation(0)));
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        let found = self.disk().attributes(ino.0);
        answer!(reply, found, attr => reply.attr(&NO_TIME, &attr));
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut disk = self.disk();
        if let (Some(size), Ok(file)) = (size, disk.file(ino)) {
            file.set_len(size);
        }
        answer!(reply, disk.attributes(ino.0), attr => reply.attr(&NO_TIME, &attr));
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        let mut disk = self.disk();
        let made = disk.add(parent, name, Node::Directory(BTreeMap::new()));
        let attr = made.and_then(|id| disk.attributes(id));
        answer!(reply, attr, attr => reply.entry(&NO_TIME, &attr, Generation(0)));
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        // The node stays, for those who have it open.
        let gone = self.disk().directory(parent).map(|names| names.remove(name));
        answer!(reply, gone, _ => reply.ok());
    }

    fn rmdir(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let found = self.disk().lookup(parent, name);
        let empty = found.and_then(|attr| Ok(self.disk().directory(attr.ino)?.is_empty()));
        match empty {
            Ok(true) => self.unlink(request, parent, name, reply),
            Ok(false) => reply.error(Errno::ENOTEMPTY),
            Err(error) => reply.error(error),
        }
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        to: INodeNo,
        new: &OsStr,
        _: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let mut disk = self.disk();
        let taken = disk.directory(parent).and_then(|all| all.remove(name).ok_or(Errno::ENOENT));
        let moved = taken.and_then(|id| Ok(disk.directory(to)?.insert(new.to_owned(), id)));
        answer!(reply, moved, _ => reply.ok());
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), UNCACHED);
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let mut disk = self.disk();
        let made = disk.add(parent, name, Node::File(File::default()));
        let attr = made.and_then(|id| disk.attributes(id));
        answer!(reply, attr, attr =>
            reply.created(&NO_TIME, &attr, Generation(0), FileHandle(0), UNCACHED));
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let data = self.disk().file(ino).map(|file| file.read(offset, size.into()));
        answer!(reply, data, data => reply.data(&data));
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let done = self.disk().file(ino).map(|file| file.write(offset, data));
        answer!(reply, done, () => reply.written(data.len() as u32));
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let done = self.disk().file(ino).map(File::sync);
        answer!(reply, done, () => reply.ok());
    }

    fn fsyncdir(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let blocks = 1 << 20;
        reply.statfs(blocks, blocks, blocks, blocks, blocks, 4096, 255, 4096);
    }

    fn readdir(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let mut disk = self.disk();
        let names = match disk.directory(ino) {
            Ok(names) => names.clone(),
            Err(error) => return reply.error(error),
        };
        for (at, (name, id)) in (1..).zip(names).skip(offset as usize) {
            let Ok(attr) = disk.attributes(id) else {
                continue;
            };
            if reply.add(INodeNo(id), at, attr.kind, name) {
                break;
            }
        }
        reply.ok();
    }
}
