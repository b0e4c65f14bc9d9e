//! The page that a node serves, as files in the program. What it does is in `src`, in TypeScript;
//! `dist` is made from that and committed, so that building Polder needs Rust only.

use std::io::{self, Read as _};

use flate2::read::GzDecoder;

/// One file of the page.
#[derive(Debug)]
pub struct File {
    /// Path below the root, such as `index.html`.
    pub path: &'static str,
    /// Start of the BLAKE3 of its bytes, in hex.
    pub hash: &'static str,
    /// Bytes when unpacked.
    pub size: usize,
    /// Its bytes, as gzip.
    pub packed: &'static [u8],
}

static FILES: &[File] = &include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// All files, by path.
pub fn files() -> &'static [File] {
    FILES
}

/// The file at a path of a URL. `/` is the page itself.
///
/// ```
/// assert_eq!(polder_web::file("/").unwrap().path, "index.html");
/// assert!(polder_web::file("/../Cargo.toml").is_none());
/// ```
pub fn file(path: &str) -> Option<&'static File> {
    let name = path.strip_prefix('/')?;
    let name = if name.is_empty() { "index.html" } else { name };
    FILES.binary_search_by(|file| file.path.cmp(name)).ok().map(|place| &FILES[place])
}

impl File {
    /// What a browser should take it for.
    pub fn media_type(&self) -> &'static str {
        match self.path.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("json") => "application/json",
            Some("svg") => "image/svg+xml",
            Some("txt") => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }

    /// Its bytes as they are, for the rare client that does not take gzip.
    pub fn unpacked(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.size);
        GzDecoder::new(self.packed).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn every_file_is_found_unpacks_to_itself_and_has_a_type() {
        assert!(files().is_sorted_by_key(|file| file.path));
        for found in files() {
            assert_eq!(file(&format!("/{}", found.path)).unwrap().hash, found.hash);
            assert_eq!(found.unpacked().unwrap().len(), found.size);
            assert_ne!(found.media_type(), "application/octet-stream", "{}", found.path);
        }
        assert!(file("").is_none() && file("/nothing").is_none() && file("index.html").is_none());
    }

    #[test]
    fn the_page_names_only_what_is_there_and_runs_nothing_inline() {
        let page = String::from_utf8(file("/").unwrap().unpacked().unwrap()).unwrap();
        let named = page.split(['"', '\'']).filter(|word| word.starts_with('/'));
        let missing: Vec<_> = named.filter(|path| file(path).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let inline = ["<style", " style=", " onclick=", " onload=", "javascript:"];
        assert!(inline.iter().all(|word| !page.contains(word)), "{page}");
        let scripts = page.matches("<script").count();
        assert_eq!(scripts, page.matches(" src=\"/").count(), "{page}");
    }
}
