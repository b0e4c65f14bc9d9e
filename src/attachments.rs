//! Photos and documents: files named by the SHA-256 of their bytes, kept once however often cited.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use polder_picture::refusal::{Class, Refusal};
use sha2::{Digest as _, Sha256};

use crate::node::NodeOptions;

/// Types that may be uploaded.
pub const MEDIA_TYPES: [&str; 12] = [
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "image/svg+xml",
    "application/pdf",
    "text/plain",
    "text/csv",
    "application/geo+json",
    "application/json",
    "video/mp4",
    "audio/mpeg",
];

/// So many uploads may be under way at once.
const UPLOADS_MAX: usize = 256;
/// Largest chunk.
pub const CHUNK_BYTES_MAX: usize = 512 * 1024;

/// A stored file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Type as the uploader said.
    pub media_type: String,
    /// Bytes.
    pub size_bytes: u64,
    /// When it was complete, milliseconds since 1970.
    pub create_ms: i64,
}

/// Why an attachment cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum AttachmentError {
    /// The client's fault.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The disk's.
    #[error("the attachment's file: {0}")]
    Io(#[from] io::Error),
}

/// All attachments of a node.
#[derive(Debug)]
pub struct Attachments {
    dir: PathBuf,
    bytes_max: u64,
    grace: Duration,
    stored: Mutex<HashMap<[u8; 32], Stored>>,
    uploads: Mutex<HashMap<[u8; 32], Arc<Mutex<Upload>>>>,
    uncited_since_ms: Mutex<HashMap<[u8; 32], i64>>,
    /// Erased with what cited them: a bundle of before does not bring them back.
    erased: Mutex<HashSet<[u8; 32]>>,
}

/// An upload under way; whoever touches its files holds its lock. The map of uploads is asked
/// with that lock held, never the other way round.
#[derive(Debug, Clone, Default)]
struct Upload {
    media_type: String,
    /// 0: not started yet.
    size_bytes: u64,
    offset: u64,
    /// Complete or given up; no longer in the map.
    ended: bool,
}

impl Attachments {
    /// Reads which files there are. Uploads that were cut off can go on.
    pub fn open(dir: &Path, options: &NodeOptions) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let mut stored = HashMap::new();
        let mut uploads = HashMap::new();
        let mut erased = HashSet::new();
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("meta") => {
                    if let Some(found) = read_meta(&path)? {
                        stored.insert(found.sha256, found);
                    }
                }
                Some("part") => {
                    if let Some((sha256, upload)) = read_part(&path)? {
                        uploads.insert(sha256, Arc::new(Mutex::new(upload)));
                    }
                }
                Some("erased") => erased.extend(sha256_of(&path)),
                _ => {}
            }
        }
        let attachments = Self {
            dir: dir.to_owned(),
            bytes_max: options.attachment_bytes_max,
            grace: options.attachment_grace,
            stored: Mutex::new(stored),
            uploads: Mutex::new(uploads),
            uncited_since_ms: Mutex::default(),
            erased: Mutex::new(erased),
        };
        attachments.end_complete()?;
        Ok(attachments)
    }

    /// Ends uploads whose last byte was in when the node went.
    fn end_complete(&self) -> io::Result<()> {
        let uploads: Vec<_> = self
            .uploads
            .lock()
            .iter()
            .map(|(sha256, upload)| (*sha256, Arc::clone(upload)))
            .collect();
        for (sha256, upload) in uploads {
            let mut upload = upload.lock();
            if self.get(&sha256).is_some() {
                self.uploads.lock().remove(&sha256);
                fs::remove_file(self.file(&sha256, "part"))?;
            } else if upload.offset == upload.size_bytes {
                let written = fs::metadata(self.file(&sha256, "bytes"))?.modified()?;
                let since_1970 = written.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                match self.finish(sha256, &mut upload, since_1970.as_millis() as i64) {
                    Err(AttachmentError::Io(error)) => return Err(error),
                    // Bytes that are not of this name are gone, and can be sent again.
                    Ok(_) | Err(AttachmentError::Refused(_)) => {}
                }
            }
        }
        Ok(())
    }

    fn file(&self, sha256: &[u8; 32], extension: &str) -> PathBuf {
        self.dir.join(format!("{}.{extension}", hex::encode(sha256)))
    }

    /// A stored attachment.
    pub fn get(&self, sha256: &[u8; 32]) -> Option<Stored> {
        self.stored.lock().get(sha256).cloned()
    }

    /// All stored attachments, in the order of their hashes.
    pub fn all(&self) -> Vec<Stored> {
        let mut all: Vec<_> = self.stored.lock().values().cloned().collect();
        all.sort_unstable_by_key(|stored| stored.sha256);
        all
    }

    /// How long one that nothing cites is kept.
    pub fn grace(&self) -> Duration {
        self.grace
    }

    /// Bytes of all stored attachments.
    pub fn size_bytes(&self) -> u64 {
        self.stored.lock().values().map(|stored| stored.size_bytes).sum()
    }

    /// Bytes of an upload that are here already.
    pub fn begun(&self, sha256: &[u8; 32]) -> u64 {
        let upload = self.uploads.lock().get(sha256).cloned();
        upload.map_or(0, |upload| upload.lock().offset)
    }

    /// Starts or resumes an upload; answers from which byte to go on.
    pub fn start(
        &self,
        sha256: [u8; 32],
        media_type: &str,
        size_bytes: u64,
    ) -> Result<u64, AttachmentError> {
        if !MEDIA_TYPES.contains(&media_type) {
            let sentence = format!("is not allowed; these are: {}", MEDIA_TYPES.join(", "));
            let field = "attachment.media_type";
            return Err(Refusal::field(field, "MEDIA_TYPE_NOT_ALLOWED", sentence).into());
        }
        if size_bytes == 0 || size_bytes > self.bytes_max {
            let sentence = format!("is {size_bytes}, must be 1 to {}", self.bytes_max);
            return Err(Refusal::field("attachment.size_bytes", "OUT_OF_RANGE", sentence).into());
        }
        loop {
            let upload = self.upload(sha256)?;
            let mut upload = upload.lock();
            if let Some(stored) = self.get(&sha256) {
                self.uploads.lock().remove(&sha256);
                return Ok(stored.size_bytes);
            }
            if upload.ended {
                continue;
            }
            if upload.size_bytes != size_bytes {
                fs::write(self.file(&sha256, "bytes"), b"")?;
                fs::write(self.file(&sha256, "part"), format!("{size_bytes} {media_type}\n"))?;
                let media_type = media_type.to_owned();
                *upload = Upload { media_type, size_bytes, ..Upload::default() };
            }
            return Ok(upload.offset);
        }
    }

    /// The upload of a name, perhaps one that is not started yet.
    fn upload(&self, sha256: [u8; 32]) -> Result<Arc<Mutex<Upload>>, Refusal> {
        let mut uploads = self.uploads.lock();
        if !uploads.contains_key(&sha256) && uploads.len() >= UPLOADS_MAX {
            let sentence = "too many uploads are under way at this node: try again later";
            return Err(Refusal::new(Class::ResourceExhausted, "TOO_MANY_UPLOADS", sentence));
        }
        Ok(Arc::clone(uploads.entry(sha256).or_default()))
    }

    /// Adds a chunk; durable when this returns. The attachment, when that was the last one.
    pub fn append(
        &self,
        sha256: [u8; 32],
        offset: u64,
        data: &[u8],
        now_ms: i64,
    ) -> Result<(u64, Option<Stored>), AttachmentError> {
        if data.is_empty() || data.len() > CHUNK_BYTES_MAX {
            let sentence = format!("has {} bytes, must have 1 to {CHUNK_BYTES_MAX}", data.len());
            return Err(Refusal::field("data", "OUT_OF_RANGE", sentence).into());
        }
        if let Some(stored) = self.get(&sha256) {
            return Ok((stored.size_bytes, Some(stored)));
        }
        let not_found =
            || Refusal::new(Class::NotFound, "UPLOAD_NOT_FOUND", "no such upload was started");
        let upload = self.uploads.lock().get(&sha256).cloned().ok_or_else(not_found)?;
        let mut upload = upload.lock();
        if let Some(stored) = self.get(&sha256) {
            return Ok((stored.size_bytes, Some(stored)));
        }
        if upload.ended || upload.size_bytes == 0 {
            return Err(not_found().into());
        }
        if offset != upload.offset {
            let sentence = format!("is {offset}, the node expects {}", upload.offset);
            return Err(Refusal::field("offset", "OFFSET_UNEXPECTED", sentence).into());
        }
        if offset + data.len() as u64 > upload.size_bytes {
            let sentence = format!("goes past the size of {} bytes", upload.size_bytes);
            return Err(Refusal::field("data", "TOO_LARGE", sentence).into());
        }
        let mut file = OpenOptions::new().write(true).open(self.file(&sha256, "bytes"))?;
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(data)?;
        file.sync_data()?;
        upload.offset += data.len() as u64;
        if upload.offset < upload.size_bytes {
            return Ok((upload.offset, None));
        }
        let stored = self.finish(sha256, &mut upload, now_ms)?;
        Ok((upload.offset, Some(stored)))
    }

    fn finish(
        &self,
        sha256: [u8; 32],
        upload: &mut Upload,
        now_ms: i64,
    ) -> Result<Stored, AttachmentError> {
        let path = self.file(&sha256, "bytes");
        if hash_file(&path)? != sha256 {
            upload.ended = true;
            self.uploads.lock().remove(&sha256);
            fs::remove_file(self.file(&sha256, "part"))?;
            fs::remove_file(path)?;
            let sentence = "does not have the hash in its name: upload it again from the start";
            return Err(Refusal::field("name", "HASH_MISMATCH", sentence).into());
        }
        let media_type = upload.media_type.clone();
        let stored =
            Stored { sha256, media_type, size_bytes: upload.size_bytes, create_ms: now_ms };
        self.write_meta(&stored)?;
        self.stored.lock().insert(sha256, stored.clone());
        upload.ended = true;
        self.uploads.lock().remove(&sha256);
        fs::remove_file(self.file(&sha256, "part"))?;
        Ok(stored)
    }

    fn write_meta(&self, stored: &Stored) -> io::Result<()> {
        let meta = format!("{} {} {}\n", stored.size_bytes, stored.create_ms, stored.media_type);
        crate::store::directory::write_durably(
            &self.file(&stored.sha256, "meta"),
            meta.as_bytes(),
            0o600,
        )
        .map_err(io::Error::other)
    }

    /// Puts a whole attachment in place, as a restored backup brings it. Its hash is checked.
    pub fn restore(&self, stored: &Stored, data: &[u8]) -> Result<(), AttachmentError> {
        if Sha256::digest(data)[..] != stored.sha256 {
            let sentence = "an attachment of the backup does not have its hash";
            return Err(Refusal::new(Class::InvalidArgument, "HASH_MISMATCH", sentence).into());
        }
        let path = self.file(&stored.sha256, "bytes");
        let mut file = File::create(path)?;
        file.write_all(data)?;
        file.sync_all()?;
        self.write_meta(stored)?;
        self.stored.lock().insert(stored.sha256, stored.clone());
        Ok(())
    }

    /// Reads some bytes.
    pub fn read(&self, sha256: &[u8; 32], offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut file = File::open(self.file(sha256, "bytes"))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut data = Vec::with_capacity(length);
        file.take(length as u64).read_to_end(&mut data)?;
        Ok(data)
    }

    /// Erases what nothing has cited for longer than the grace time. Returns how many.
    pub fn erase_uncited(&self, cited: &HashMap<[u8; 32], u32>, now_ms: i64) -> io::Result<usize> {
        let mut since = self.uncited_since_ms.lock();
        since.retain(|sha256, _| !cited.contains_key(sha256));
        let mut erased = 0;
        for stored in self.all() {
            if cited.contains_key(&stored.sha256) {
                continue;
            }
            let uncited_ms = now_ms - *since.entry(stored.sha256).or_insert(now_ms);
            if uncited_ms < self.grace.as_millis() as i64 {
                continue;
            }
            erased += usize::from(self.erase(&stored.sha256)?);
            since.remove(&stored.sha256);
        }
        Ok(erased)
    }

    /// Erases an attachment for good; false when it is not here. Only an empty file of its name stays.
    pub fn erase_for_good(&self, sha256: &[u8; 32]) -> io::Result<bool> {
        if self.get(sha256).is_none() {
            return Ok(false);
        }
        File::create(self.file(sha256, "erased"))?.sync_all()?;
        self.erased.lock().insert(*sha256);
        self.erase(sha256)
    }

    /// Whether it was erased for good.
    pub fn is_erased(&self, sha256: &[u8; 32]) -> bool {
        self.erased.lock().contains(sha256)
    }

    /// Erases an attachment; false when it is not here.
    pub fn erase(&self, sha256: &[u8; 32]) -> io::Result<bool> {
        if self.stored.lock().remove(sha256).is_none() {
            return Ok(false);
        }
        fs::remove_file(self.file(sha256, "meta"))?;
        fs::remove_file(self.file(sha256, "bytes"))?;
        Ok(true)
    }
}

fn hash_file(path: &Path) -> io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().into())
}

fn sha256_of(path: &Path) -> Option<[u8; 32]> {
    let mut sha256 = [0; 32];
    hex::decode_to_slice(path.file_stem()?.to_str()?, &mut sha256).ok()?;
    Some(sha256)
}

fn read_meta(path: &Path) -> io::Result<Option<Stored>> {
    let text = fs::read_to_string(path)?;
    let parsed = || {
        let mut words = text.trim().splitn(3, ' ');
        Some(Stored {
            sha256: sha256_of(path)?,
            size_bytes: words.next()?.parse().ok()?,
            create_ms: words.next()?.parse().ok()?,
            media_type: words.next()?.to_owned(),
        })
    };
    Ok(parsed())
}

fn read_part(path: &Path) -> io::Result<Option<([u8; 32], Upload)>> {
    let text = fs::read_to_string(path)?;
    let parsed = || {
        let (size, media_type) = text.trim().split_once(' ')?;
        Some((sha256_of(path)?, size.parse().ok()?, media_type.to_owned()))
    };
    let Some((sha256, size_bytes, media_type)) = parsed() else { return Ok(None) };
    let offset = fs::metadata(path.with_extension("bytes")).map_or(0, |metadata| metadata.len());
    if offset > size_bytes {
        return Ok(None);
    }
    Ok(Some((sha256, Upload { media_type, size_bytes, offset, ended: false })))
}
