//! A look at fjall's journal before fjall opens it.
//!
//! fjall drops, without a word, everything behind the first entry it cannot read, and does not
//! open when a batch cut short by a power loss kept its end. As each batch is synced before the
//! next is written, only the last one can be torn: that one is cut off, all else is damage.

use std::{
    fs::{self, File},
    io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom},
    path::Path,
};

use xxhash_rust::xxh3::Xxh3;

use super::engine::EngineError;

/// Stands at the end of every batch, behind a tag and a checksum.
const MAGIC: [u8; 4] = *b"FJL\x03";
const TRAILER_BYTES: usize = 1 + 8 + MAGIC.len();

/// The least a disk writes at once.
const SECTOR: usize = 512;

/// Checks all journals of a store and cuts a torn batch off the newest.
///
/// # Errors
///
/// [`EngineError::Damaged`] when what was synced does not hold, or the disk fails.
pub(super) fn mend(store: &Path) -> Result<(), EngineError> {
    let mut journals = Vec::new();
    for entry in fs::read_dir(store)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if path.extension().is_some_and(|extension| extension == "jnl")
            && let Some(number) = stem.and_then(|stem| stem.parse::<u64>().ok())
        {
            journals.push((number, path));
        }
    }
    journals.sort();
    let newest = journals.pop();
    for (_, path) in journals {
        if torn_at(&path)?.is_some() {
            return Err(damaged(&path));
        }
    }
    if let Some((_, path)) = newest
        && let Some(end) = torn_at(&path)?
    {
        tracing::warn!(journal = %path.display(), end, "cut off a commit that never finished");
        let file = File::options().write(true).open(&path)?;
        file.set_len(end)?;
        file.sync_all()?;
    }
    Ok(())
}

fn damaged(path: &Path) -> EngineError {
    EngineError::Damaged(format!("the journal {} is not whole", path.display()))
}

/// Where the torn last batch of a journal begins, if there is one.
fn torn_at(path: &Path) -> Result<Option<u64>, EngineError> {
    let mut file = BufReader::new(File::open(path)?);
    let (mut last, mut end) = (0, 0);
    while let Some(next) = batch(&mut file)? {
        (last, end) = (end, next);
    }
    let rest = Rest::read(file.get_mut(), end, u64::MAX)?;
    if rest.written {
        // With a trailer, and no sector missing before it, this batch was once whole; with two,
        // so was at least the one before.
        let once_whole = rest.trailers > 1 || (rest.trailers == 1 && !rest.gap);
        return if once_whole { Err(damaged(path)) } else { Ok(Some(end)) };
    }
    if end > 0 && !holds(file.get_mut(), last, end)? {
        let gap = Rest::read(file.get_mut(), last, end)?.gap;
        return if gap { Ok(Some(last)) } else { Err(damaged(path)) };
    }
    Ok(None)
}

/// Walks over one batch by its lengths; its end, or `None` where no batch can be read.
fn batch(file: &mut BufReader<File>) -> io::Result<Option<u64>> {
    let mut inside = false;
    loop {
        match entry(file, inside) {
            Ok(Some(true)) => return file.stream_position().map(Some),
            Ok(Some(false)) => inside = true,
            Ok(None) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

/// Walks over one entry: whether it ends its batch, or `None` if it cannot stand here.
fn entry(file: &mut BufReader<File>, inside: bool) -> io::Result<Option<bool>> {
    let [tag] = take(file)?;
    match (tag, inside) {
        (1, false) => take::<12>(file).map(|_| Some(false)),
        (2, true) => {
            let head = take::<20>(file)?;
            // A kind of value it does not know is what makes fjall drop the rest; and we never
            // compress, so both lengths are the same.
            if head[0] > 2 || head[1] != 0 || head[12..16] != head[16..20] {
                return Ok(None);
            }
            let key = u16::from_le_bytes([head[10], head[11]]);
            let value = u32::from_le_bytes([head[16], head[17], head[18], head[19]]);
            file.seek_relative(i64::from(key) + i64::from(value))?;
            Ok(Some(false))
        }
        (3, true) => {
            let [.., a, b, c, d] = take::<12>(file)?;
            Ok(([a, b, c, d] == MAGIC).then_some(true))
        }
        (4, true) => take::<8>(file).map(|_| Some(false)),
        _ => Ok(None),
    }
}

fn take<const N: usize>(file: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Whether the checksum of the batch between two places holds.
fn holds(file: &mut File, start: u64, end: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = vec![0; (end - start) as usize];
    file.read_exact(&mut bytes)?;
    let (items, trailer) = bytes[13..].split_at(bytes.len() - 13 - TRAILER_BYTES);
    let mut hasher = Xxh3::default();
    hasher.update(items);
    Ok(hasher.digest().to_le_bytes() == trailer[1..9])
}

/// What stands between two places of a journal.
#[derive(Debug, Default, PartialEq, Eq)]
struct Rest {
    /// Anything but zeros.
    written: bool,
    /// How many batches seem to end there.
    trailers: usize,
    /// A sector of zeros with something written behind it: never reached the disk.
    gap: bool,
}

impl Rest {
    fn read(file: &mut File, from: u64, to: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(from))?;
        let mut left = BufReader::with_capacity(1 << 16, file.take(to - from));
        let mut rest = Self::default();
        let mut zeros = false;
        // The last bytes seen, for a trailer that stands across sectors.
        let mut window = Vec::new();
        let mut room = SECTOR - (from % SECTOR as u64) as usize;
        loop {
            let mut sector = Vec::with_capacity(room);
            if left.by_ref().take(room as u64).read_to_end(&mut sector)? == 0 {
                return Ok(rest);
            }
            room = SECTOR;
            if sector.iter().all(|byte| *byte == 0) {
                zeros = true;
                window.clear();
                continue;
            }
            rest.written = true;
            rest.gap |= zeros;
            window.extend_from_slice(&sector);
            let ends = |bytes: &&[u8]| bytes[0] == 3 && bytes.ends_with(&MAGIC);
            rest.trailers += window.windows(TRAILER_BYTES).filter(ends).count();
            window.drain(..window.len().saturating_sub(TRAILER_BYTES - 1));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// A journal as fjall writes it: batches of one value each, and room behind them.
    fn journal(batches: &[&[u8]]) -> (Vec<u8>, Vec<usize>) {
        let (mut bytes, mut ends) = (Vec::new(), vec![0]);
        for value in batches {
            bytes.push(1);
            bytes.extend_from_slice(&[1; 12]);
            let start = bytes.len();
            bytes.extend_from_slice(&[2, 0, 0]);
            bytes.extend_from_slice(&1u64.to_le_bytes());
            bytes.extend_from_slice(&3u16.to_le_bytes());
            bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
            bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
            bytes.extend_from_slice(b"key");
            bytes.extend_from_slice(value);
            let mut hasher = Xxh3::default();
            hasher.update(&bytes[start..]);
            bytes.push(3);
            bytes.extend_from_slice(&hasher.digest().to_le_bytes());
            bytes.extend_from_slice(&MAGIC);
            ends.push(bytes.len());
        }
        bytes.resize(bytes.len() + 10_000, 0);
        (bytes, ends)
    }

    fn verdict(bytes: &[u8]) -> Result<Option<u64>, EngineError> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("0.jnl");
        fs::write(&path, bytes).unwrap();
        torn_at(&path)
    }

    #[test]
    fn a_whole_journal_is_left_alone() {
        let (bytes, ends) = journal(&[&[7; 3000], &[8; 3000], &[9; 10]]);
        assert_eq!(verdict(&bytes), Ok(None));
        assert_eq!(verdict(&bytes[..ends[3]]), Ok(None));
        assert_eq!(verdict(&[0; 5000]), Ok(None));
    }

    #[test]
    fn a_last_batch_of_which_sectors_are_missing_is_cut_off() {
        let (whole, ends) = journal(&[&[7; 3000], &[8; 9000]]);
        let first = ends[1].next_multiple_of(SECTOR);
        for gap in [ends[1]..first, first..first + 512, first + 4096..first + 5000, first..ends[2]]
        {
            let mut bytes = whole.clone();
            bytes[gap.clone()].fill(0);
            // A lost end is not a gap but a batch cut short; either is cut off.
            assert_eq!(verdict(&bytes), Ok(Some(ends[1] as u64)), "{gap:?}");
        }
        for end in ends[1] + 1..ends[2] {
            if end % 97 == 0 {
                assert_eq!(verdict(&whole[..end]), Ok(Some(ends[1] as u64)), "cut at {end}");
            }
        }
    }

    #[test]
    fn a_flipped_bit_in_what_was_synced_cuts_nothing_off() {
        let (whole, ends) = journal(&[&[7; 30], &[8; 30], &[9; 30]]);
        // Not the last trailer: without it a batch looks as if it was never finished.
        for at in 0..ends[3] - TRAILER_BYTES {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                // Where the lengths still hold, fjall finds it by the checksum.
                let verdict = verdict(&bytes);
                assert!(matches!(verdict, Err(EngineError::Damaged(_)) | Ok(None)), "{at} {bit}");
            }
        }
    }
}
