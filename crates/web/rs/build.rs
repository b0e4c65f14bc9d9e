//! Packs the committed bundle into the program: each file compressed, with its hash. Node.js is
//! not asked; `test.sh` sees to it that the bundle is what the sources make.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};

fn main() -> io::Result<()> {
    // Asked as it runs: a target folder that several checkouts share keeps this program.
    let folder = |name| env::var_os(name).map(PathBuf::from).ok_or(io::ErrorKind::NotFound);
    let root = folder("CARGO_MANIFEST_DIR")?.join("dist");
    println!("cargo::rerun-if-changed={}", root.display());
    let out = folder("OUT_DIR")?;
    let mut found = Vec::new();
    walk(&root, &mut found)?;
    found.sort();
    let mut table = String::from("[\n");
    for (number, path) in found.iter().enumerate() {
        println!("cargo::rerun-if-changed={}", path.display());
        let bytes = fs::read(path)?;
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&bytes)?;
        fs::write(out.join(format!("{number}.gz")), packer.finish()?)?;
        let name = path.strip_prefix(&root).map_err(io::Error::other)?;
        let name = name.to_str().ok_or(io::ErrorKind::InvalidData)?.replace('\\', "/");
        let hash = &blake3::hash(&bytes).to_hex()[..32];
        let size = bytes.len();
        writeln!(
            table,
            "    File {{ path: {name:?}, hash: {hash:?}, size: {size}, packed: \
             include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{number}.gz\")) }},"
        )
        .map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    fs::write(out.join("files.rs"), table)
}

fn walk(below: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(below)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}
