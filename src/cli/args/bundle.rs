//! Arguments of the commands that carry records in a file.

use std::path::PathBuf;

use clap::Args;

/// `heads`.
#[derive(Debug, Args)]
pub struct HeadsArgs {
    /// File to write
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Directory of a store that no node runs on [default: ask the running node]
    #[arg(long, env = "POLDER_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// File to write
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// What the other node holds, as its `polder heads` wrote it [default: nothing]
    #[arg(long = "for", value_name = "HEADS")]
    pub heads: Option<PathBuf>,
    /// Only this incident; may be given often [default: all]
    #[arg(long, short, value_name = "ID", value_delimiter = ',')]
    pub incident: Vec<String>,
    /// Photos and documents too that the records cite
    #[arg(long)]
    pub attachments: bool,
    /// Directory of a store that no node runs on [default: ask the running node]
    #[arg(long, env = "POLDER_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Bundle of `polder export`, or scenario file with JSON lines
    pub file: PathBuf,
    /// For a bundle: directory of a store that no node runs on [default: tell the running node]
    #[arg(long, env = "POLDER_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `archive`.
#[derive(Debug, Args)]
pub struct ArchiveArgs {
    /// Id of the incident
    pub id: String,
    /// One audience of it, which has a file of its own [default: what was said to everybody]
    #[arg(long, value_name = "ID")]
    pub audience: Option<String>,
    /// File to write: all of the incident that is held, to be verified by itself
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Drops the records here, once the file was found to hold every one of them
    #[arg(long)]
    pub drop: bool,
    /// For --drop: the file that was written before
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Archive file to verify by itself, in place of a store
    #[arg(long, value_name = "FILE")]
    pub archive: Option<PathBuf>,
    /// Directory of a store that no node runs on [default: ask the running node]
    #[arg(long, env = "POLDER_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
}
