//! Full and read-only disks, on a small file system in memory.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use polder_wire::v1::*;
use rustix::mount::{self, MountFlags, UnmountFlags};
use sha2::{Digest as _, Sha256};
use tonic::Code;

use crate::{
    harness::*,
    load::{Acknowledged, Load, check_held, held},
};

/// Unmounted when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    /// `None`, with a printed line, where mounting is not permitted.
    fn mount(megabytes: u32) -> Option<Self> {
        let at = tempfile::tempdir().unwrap();
        if !rustix::process::geteuid().is_root() {
            println!("skipped: mounting a tmpfs needs root");
            return None;
        }
        let size = std::ffi::CString::new(format!("size={megabytes}m")).unwrap();
        match mount::mount("tmpfs", at.path(), "tmpfs", MountFlags::empty(), &*size) {
            Ok(()) => Some(Self(at)),
            Err(error) => {
                println!("skipped: mounting a tmpfs: {error}");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    fn free(&self) -> u64 {
        let stat = rustix::fs::statvfs(self.path()).unwrap();
        stat.f_bavail * stat.f_frsize
    }

    /// Takes room until so much is left.
    fn leave(&self, bytes: u64) {
        let ballast = self.path().join("ballast");
        let held = fs::metadata(&ballast).map_or(0, |metadata| metadata.len());
        let size = (held + self.free()).saturating_sub(bytes) as usize;
        let _ = fs::remove_file(&ballast);
        fs::write(&ballast, vec![1; size]).unwrap();
    }

    /// Takes all there is, also what others give back meanwhile.
    fn fill(&self) {
        use std::io::Write as _;
        let ballast = self.path().join("ballast");
        let mut ballast = fs::File::options().create(true).append(true).open(ballast).unwrap();
        while ballast.write_all(&[1; 64 * 1024]).is_ok() {}
        while ballast.write_all(&[1; 512]).is_ok() {}
    }

    fn clear(&self) {
        let _ = fs::remove_file(self.path().join("ballast"));
    }

    fn remount(&self, flags: MountFlags) {
        mount::mount_remount(self.path(), flags, "").unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = mount::unmount(self.path(), UnmountFlags::DETACH);
    }
}

fn urgent() -> Entry {
    let urgency = Urgency::Immediate.into();
    let assessment = Some(Assessment { urgency, ..Default::default() });
    Entry { assessment, ..observation("flood", "urgent") }
}

async fn upload(node: &Running) -> Result<(), tonic::Status> {
    let attachment = Attachment {
        name: format!("attachments/{}", hex::encode(Sha256::digest(uuid::Uuid::new_v4()))),
        media_type: "image/png".into(),
        size_bytes: 100,
        ..Default::default()
    };
    let request = StartUploadRequest { attachment: Some(attachment) };
    node.attachments().start_upload(request).await.map(drop)
}

const MB: u64 = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn on_a_filling_disk_bulk_is_refused_first_then_routine_then_urgent() {
    for engine in ["fjall", "sled"] {
        let Some(disk) = Disk::mount(200) else { return };
        Home::init(&disk.data(), engine);
        let mut node = Running::start(&disk.data(), &[]).await;
        node.open("flood").await;
        let mut kept = vec![node.put(&observation("flood", "before")).await];
        // On 200 MB the reserves are 40, 20 and 10 MB.
        let rows = [
            (60, [true, true, true]),
            (30, [false, true, true]),
            (15, [false, false, true]),
            (5, [false; 3]),
        ];
        for (left, [bulk, routine, at_all]) in rows {
            disk.leave(left * MB);
            tokio::time::sleep(Duration::from_millis(80)).await;
            let full = |status: tonic::Status| {
                assert_eq!(
                    (status.code(), &*reason(&status)),
                    (Code::ResourceExhausted, "DISK_RESERVE")
                );
            };
            let uploaded = upload(&node).await;
            assert_eq!(uploaded.is_ok(), bulk, "{engine} bulk at {left} MB");
            uploaded.err().map(full);
            for (entry, accepted) in [(observation("flood", "x"), routine), (urgent(), at_all)] {
                let put = node.try_put(item(&entry)).await;
                assert_eq!(put.is_ok(), accepted, "{engine} {} at {left} MB", entry.texts[0].title);
                match put {
                    Ok(published) => kept.push(published),
                    Err(status) => full(status),
                }
            }
            let status = node.status().await;
            let lanes = 1 + usize::from(bulk) + usize::from(routine) - usize::from(!at_all);
            let accepting = status.store.as_ref().unwrap().accepting.len();
            assert_eq!(accepting, lanes, "{engine} at {left} MB");
            let health = if bulk { Health::Ok } else { Health::Degraded };
            assert_eq!((status.health(), status.problems.is_empty()), (health, bulk));
        }
        // Reading goes on.
        assert_eq!(node.list(of_incident("flood")).await.len(), kept.len());
        // Room is made: the node needs no restart, and a restart does no harm.
        disk.clear();
        tokio::time::sleep(Duration::from_millis(80)).await;
        kept.push(node.put(&observation("flood", "after")).await);
        upload(&node).await.unwrap();
        assert_eq!(node.status().await.health(), Health::Ok);
        node.kill();
        let node = Running::start(&disk.data(), &[]).await;
        for published in &kept {
            assert_eq!(node.get(&published.name).await.unwrap().0.version, published.version);
        }
        assert!(node.verdict().await.sound);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_last_byte_of_the_disk_goes_nothing_acknowledged_is_lost() {
    for engine in ["fjall", "sled"] {
        let Some(disk) = Disk::mount(160) else { return };
        Home::init(&disk.data(), engine);
        // Without reserves the store itself meets the end of the disk.
        let config = tempfile::NamedTempFile::new().unwrap();
        fs::write(&config, "[disk]\nbulk_bytes = 0\nroutine_bytes = 0\nurgent_bytes = 0\n")
            .unwrap();
        let more = ["--config", config.path().to_str().unwrap()];
        let mut node = Running::start(&disk.data(), &more).await;
        node.open("flood").await;
        let mut all = Acknowledged::new();
        let load = Load::start(&node, "flood", 4, 3).await;
        load.until(300).await;
        disk.fill();
        // The callers end when the store refuses; or the engine has room of its own for long.
        let ended = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                let before = load.so_far().len();
                tokio::time::sleep(Duration::from_millis(500)).await;
                if load.so_far().len() == before {
                    return;
                }
            }
        });
        assert!(ended.await.is_ok(), "{engine} writes on where nothing is");
        // A store that failed says so and ends the node; or it is told to end.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let said = node.stderr.lock().unwrap().clone();
        assert!(said.contains("the store failed"), "{engine}: {said}");
        let code = node.wait().code();
        assert_eq!(code, Some(5), "{engine}: {said}");
        all.extend(load.end().await);
        disk.clear();
        let node = Running::start(&disk.data(), &more).await;
        check_held(&all, &held(&node).await, engine);
        assert!(node.verdict().await.sound, "{engine}");
        node.put(&observation("flood", "after")).await;
        assert_eq!(node.status().await.health(), Health::Ok);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_on_a_read_only_disk_is_told_as_such() {
    for engine in ["fjall", "sled"] {
        let Some(disk) = Disk::mount(100) else { return };
        Home::init(&disk.data(), engine);
        let mut node = Running::start(&disk.data(), &[]).await;
        node.open("flood").await;
        node.put(&observation("flood", "x")).await;
        assert_eq!(node.stop().code(), Some(0));
        disk.remount(MountFlags::RDONLY);
        let (code, said) = Running::try_start(&disk.data(), &[]).await.err().expect("it started");
        assert!(code == 1 || code == 5, "{engine}: {code} {said}");
        assert!(said.to_lowercase().contains("read-only"), "{engine}: {said}");
        assert!(said.contains(disk.path().to_str().unwrap()), "{engine} names no file: {said}");
        disk.remount(MountFlags::empty());
        let node = Running::start(&disk.data(), &[]).await;
        assert_eq!(node.list(of_incident("flood")).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_checkpoint_left_out_waits_for_room_and_is_not_asked_for_meanwhile() {
    let Some(disk) = Disk::mount(200) else { return };
    let home = Home::new();
    let author = home.start_with("[checkpoints]\nrecords_min = 60\n").await;
    author.open("flood").await;
    let entry = observation("flood", "the level");
    let write = async |from: usize, to: usize| {
        let version = |at: usize| item(&Entry { place: format!("{at} cm"), ..entry.clone() });
        for at in from..to {
            author.publish(vec![version(at)]).await.unwrap();
        }
    };
    let due = author.status().await.record_count + 200;
    write(0, 200).await;
    // It may write one before all is said.
    soon("a checkpoint", async || author.status().await.record_count > due).await;
    write(200, 203).await;

    Home::init(&disk.data(), "fjall");
    // Of 200 MB the reserve for bulk is 40.
    disk.leave(30 * MB);
    let link = author.listen.to_string();
    let newcomer = Running::start(&disk.data(), &["--link", &link]).await;
    let shows_it = async || {
        let shown = newcomer.list(EntryFilter::default()).await;
        shown.iter().any(|entry| entry.place == "202 cm")
    };
    soon("the picture", shows_it).await;
    let missing = async || newcomer.status().await.covered_record_count;
    let left_out = missing().await;
    assert!(left_out > 50, "{left_out}");
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(missing().await, left_out);
    // Nobody sent what could not be stored.
    let said = newcomer.stderr.lock().unwrap().clone();
    assert!(!said.contains("earlier records of a feed wait"), "{said}");

    disk.clear();
    soon("whole", async || missing().await == 0).await;
}

/// Waits until something is so.
async fn soon(what: &str, is_so: impl AsyncFn() -> bool) {
    let until = Instant::now() + Duration::from_secs(120);
    while !is_so().await {
        assert!(Instant::now() < until, "never {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
