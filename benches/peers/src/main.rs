//! Measures etcd and NATS at the work that Polder does, and the disk and the network stack at
//! nothing but themselves: all in one run on one machine, because only ratios of one run hold
//! elsewhere.
//!
//! Every server is a process of its own on loopback with an empty directory on the disk to be
//! measured. The load is the one of `polder bench`: values of 400 bytes, a lone caller, 256 callers
//! over 8 connections, 1,000 readers over 8 connections.

mod etcd;
mod floor;
mod load;
mod nats;
mod polder;
mod process;
mod report;

use std::{io::Write as _, path::PathBuf};

use anyhow::Context as _;
use clap::Parser;

use self::report::Report;

/// Measures etcd, NATS, a raw disk and a bare call; with --polder also Polder, and sets it beside them.
#[derive(Debug, Parser)]
struct Args {
    /// Prints JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Directory on the disk to measure [default: where this program stands]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Times that each measurement is repeated; the median counts
    #[arg(long, default_value_t = 3)]
    repeats: usize,
    /// Programs to measure
    #[arg(long, value_delimiter = ',', default_value = "raw,etcd,nats")]
    only: Vec<String>,
    /// Program of Polder to measure in the same run
    #[arg(long, value_name = "PATH")]
    polder: Option<PathBuf>,
    /// Passed on to `polder bench`
    #[arg(last = true, value_name = "ARGS")]
    more: Vec<String>,
    /// Serves the bare call on this port until killed; used by the measurement itself
    #[arg(long, hide = true, value_name = "PORT")]
    serve_echo: Option<u16>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    if let Some(port) = args.serve_echo {
        return floor::serve_echo(port).await;
    }
    let beside = || Some(std::env::current_exe().ok()?.parent()?.to_owned());
    let dir = args.dir.or_else(beside).context("this program cannot find itself: give --dir")?;
    let mut report = Report::default();
    // Round by round, so that a busy moment of the machine hits everybody.
    for _ in 0..args.repeats {
        for program in &args.only {
            match program.as_str() {
                "raw" => floor::measure(&dir, &mut report).await?,
                "etcd" => etcd::measure(&dir, &mut report).await?,
                "nats" => nats::measure(&dir, &mut report).await?,
                other => anyhow::bail!("--only takes raw, etcd and nats, not {other}"),
            }
        }
        if let Some(program) = &args.polder {
            polder::measure(program, &dir, &args.more, &mut report)?;
        }
    }
    polder::compare(&mut report);
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", report.table())?;
    }
    Ok(())
}
