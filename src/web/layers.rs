//! Layers that the operator laid into the node's data directory for the map: GeoJSON, read whole,
//! and tiles in a PMTiles file, read in ranges. What is there is read anew each time it is asked.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::RangeInclusive,
    path::Path,
    time::UNIX_EPOCH,
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};

/// More files than this are not listed.
const FILES_MAX: usize = 32;
/// A larger GeoJSON file would hold up the browser that draws it.
const GEOJSON_BYTES_MAX: u64 = 16 << 20;
/// A longer range is answered in part, as HTTP allows.
const RANGE_BYTES_MAX: u64 = 4 << 20;
/// Where the list is; each file is below it.
pub(super) const LIST: &str = "/layers";

/// What is asked about layers.
pub(super) struct Ask {
    /// The path of the URL.
    pub(super) path: String,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
}

/// The list, or one file of it.
pub(super) fn answer(directory: &Path, ask: &Ask) -> Response {
    let name = ask.path.strip_prefix(LIST).unwrap_or_default();
    let answered = match name.strip_prefix('/') {
        None => list(directory),
        Some(name) => file(directory, name, ask),
    };
    answered.unwrap_or_else(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            return (StatusCode::NOT_FOUND, "there is no such layer\n").into_response();
        }
        tracing::warn!(%error, "a layer cannot be read");
        (StatusCode::INTERNAL_SERVER_ERROR, "the layer cannot be read\n").into_response()
    })
}

/// Names are words with a known ending: nothing else of the disk can be asked for.
fn is_name(name: &str) -> bool {
    let plain = |letter: u8| letter.is_ascii_alphanumeric() || b"._-".contains(&letter);
    name.len() <= 100
        && !name.starts_with('.')
        && name.bytes().all(plain)
        && (name.ends_with(".geojson") || is_tiles(name))
}

fn is_tiles(name: &str) -> bool {
    name.ends_with(".pmtiles")
}

fn list(directory: &Path) -> io::Result<Response> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(json(&found, 0)),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let (name, meta) = (entry.file_name(), entry.metadata()?);
        let Some(name) = name.to_str().filter(|name| is_name(name)) else { continue };
        // `metadata` of an entry does not follow links: what is elsewhere stays there.
        if meta.is_file() {
            found.push((name.to_owned(), meta.len()));
        }
    }
    found.sort();
    let left_out = found.len().saturating_sub(FILES_MAX);
    found.truncate(FILES_MAX);
    Ok(json(&found, left_out))
}

fn json(found: &[(String, u64)], left_out: usize) -> Response {
    let layers = found.iter().map(|(name, size)| {
        let too_large = !is_tiles(name) && *size > GEOJSON_BYTES_MAX;
        serde_json::json!({ "name": name, "size": size, "tooLarge": too_large })
    });
    let told = serde_json::json!({ "layers": layers.collect::<Vec<_>>(), "leftOut": left_out });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, told.to_string()).into_response()
}

fn file(directory: &Path, name: &str, ask: &Ask) -> io::Result<Response> {
    if !is_name(name) {
        return Err(io::ErrorKind::NotFound.into());
    }
    let path = directory.join(name);
    if !fs::symlink_metadata(&path)?.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut file = File::open(path)?;
    let meta = file.metadata()?;
    let size = meta.len();
    let changed = meta.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let tag = format!("\"{size:x}-{:x}\"", changed.as_nanos());
    let asked = |name| ask.headers.get(name).and_then(|value| value.to_str().ok());
    let known = asked(header::IF_NONE_MATCH).unwrap_or_default();
    let known = known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag);
    // A range of what the file was before is of no use.
    let same = asked(header::IF_RANGE).is_none_or(|range| range == tag);
    let range = asked(header::RANGE).filter(|_| same && ask.method == Method::GET);
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else if let Some(range) = range {
        ranged(&mut file, size, range)?
    } else if is_tiles(name) && ask.method == Method::GET {
        (StatusCode::RANGE_NOT_SATISFIABLE, "tiles are read in ranges\n").into_response()
    } else if !is_tiles(name) && size > GEOJSON_BYTES_MAX {
        (StatusCode::PAYLOAD_TOO_LARGE, "a GeoJSON layer has at most 16 MiB\n").into_response()
    } else if ask.method == Method::HEAD {
        let length = [(header::CONTENT_LENGTH, HeaderValue::from(size))];
        (length, Body::empty()).into_response()
    } else {
        Body::from(read(&mut file, 0, size)?).into_response()
    };
    let media = if is_tiles(name) { "application/vnd.pmtiles" } else { "application/geo+json" };
    let headers = response.headers_mut();
    if !headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    }
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

fn ranged(file: &mut File, size: u64, range: &str) -> io::Result<Response> {
    let Some(range) = range_of(range, size) else {
        let whole = HeaderValue::try_from(format!("bytes */{size}")).map_err(io::Error::other)?;
        let headers = [(header::CONTENT_RANGE, whole)];
        return Ok((StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response());
    };
    let (first, last) = range.into_inner();
    let bytes = read(file, first, last - first + 1)?;
    let told = format!("bytes {first}-{last}/{size}");
    let headers = [(header::CONTENT_RANGE, HeaderValue::try_from(told).map_err(io::Error::other)?)];
    Ok((StatusCode::PARTIAL_CONTENT, headers, Body::from(bytes)).into_response())
}

/// The one range that a header names, within the file and the bound; both ends are in it.
fn range_of(range: &str, size: u64) -> Option<RangeInclusive<u64>> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let end = size.checked_sub(1)?;
    let (first, last) = if from.is_empty() {
        let count: u64 = to.parse().ok().filter(|count| *count > 0)?;
        (size.saturating_sub(count), end)
    } else {
        let last = if to.is_empty() { end } else { to.parse().ok()? };
        (from.parse().ok()?, last.min(end))
    };
    (first <= last).then(|| first..=last.min(first.saturating_add(RANGE_BYTES_MAX - 1)))
}

fn read(file: &mut File, from: u64, count: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(count).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != count {
        return Err(io::Error::other("the file became shorter while it was read"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_range_lies_within_the_file_and_the_bound() {
        let of = |range: &str, size| range_of(range, size).map(RangeInclusive::into_inner);
        assert_eq!(of("bytes=0-9", 100), Some((0, 9)));
        assert_eq!(of("bytes=90-200", 100), Some((90, 99)));
        assert_eq!(of("bytes=-5", 100), Some((95, 99)));
        assert_eq!(of("bytes=-500", 100), Some((0, 99)));
        assert_eq!(of("bytes=5-", u64::MAX), Some((5, 4 + RANGE_BYTES_MAX)));
        for wrong in ["bytes=100-", "bytes=9-3", "bytes=-0", "bytes=a-b", "0-9", "bytes=0-1,5-6"] {
            assert_eq!(of(wrong, 100), None, "{wrong}");
        }
        assert_eq!(of("bytes=0-0", 0), None);
    }

    #[test]
    fn names_are_plain() {
        assert!(is_name("regions.geojson") && is_name("Kaart_2.pmtiles"));
        for wrong in
            ["", "..", ".geojson", "a/b.geojson", "..\\a.geojson", "a.json", "a%2fb.geojson"]
        {
            assert!(!is_name(wrong), "{wrong}");
        }
    }
}
