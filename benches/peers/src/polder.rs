//! Polder itself, by its own `bench`, in the same run on the same disk.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use anyhow::Context as _;
use serde::Deserialize;

use crate::report::{Measurement, Report};

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
    #[serde(default)]
    repeats: Vec<f64>,
}

/// Runs `PROGRAM bench --json`; `more` follows as it is.
pub fn measure(
    program: &Path,
    dir: &Path,
    more: &[String],
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut command = Command::new(program);
    command.args(["bench", "--json", "--dir"]).arg(dir).args(more).stderr(Stdio::inherit());
    let output =
        command.output().with_context(|| format!("{} does not start", program.display()))?;
    anyhow::ensure!(output.status.success(), "polder bench ended with {}", output.status);
    let printed: Printed =
        serde_json::from_slice(&output.stdout).context("polder bench printed no such JSON")?;
    let mut engines = Vec::new();
    for figure in printed.measurements {
        let program = if figure.engine.is_empty() { "polder" } else { &figure.engine }.to_owned();
        if !engines.contains(&program) {
            engines.push(program.clone());
        }
        let Figure { name, value, unit, repeats, .. } = figure;
        report.measurements.push(Measurement { program, name, value, unit, repeats });
    }
    engines.iter().for_each(|engine| report.compare(engine));
    Ok(())
}
