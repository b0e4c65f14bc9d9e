//! Polder itself, by its own `bench`, in the same run on the same disk.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use anyhow::Context as _;
use serde::Deserialize;

use crate::report::Report;

/// What `polder bench --json` prints, as far as it is needed here.
#[derive(Debug, Deserialize)]
struct Printed {
    measurements: Vec<Figure>,
}

#[derive(Debug, Deserialize)]
struct Figure {
    name: String,
    /// Of what does not concern a store: empty or absent.
    #[serde(default)]
    engine: String,
    value: f64,
    unit: String,
}

/// Stands for what `polder bench` measures that is no store.
const OWN: &str = "polder";

/// One repeat: runs `PROGRAM bench --json`; `more` follows as it is.
pub fn measure(
    program: &Path,
    dir: &Path,
    more: &[String],
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut command = Command::new(program);
    command.args(["bench", "--json", "--repeats", "1", "--dir"]).arg(dir).args(more);
    if !more.iter().any(|argument| argument.starts_with("--entries")) {
        // The large store has no peer here, so it need not be large.
        command.args(["--entries", "20000"]);
    }
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{} does not start", program.display()))?;
    anyhow::ensure!(output.status.success(), "polder bench ended with {}", output.status);
    let printed: Printed =
        serde_json::from_slice(&output.stdout).context("polder bench printed no such JSON")?;
    for figure in printed.measurements {
        let program = if figure.engine.is_empty() { OWN } else { &figure.engine };
        report.add(program, &figure.name, &figure.unit, figure.value);
    }
    Ok(())
}

/// Sets every engine that was measured beside its peers.
pub fn compare(report: &mut Report) {
    let name = "publish_lone_p50";
    let engines = report.measurements.iter().filter(|m| m.name == name);
    let engines: Vec<_> = engines.map(|m| m.program.clone()).collect();
    engines.iter().for_each(|engine| report.compare(engine));
}
