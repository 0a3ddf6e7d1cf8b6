//! Figures beside their references and goals.

use std::{fs, io::Write as _, path::Path};

use serde::Serialize;

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    name: String,
    value: f64,
    unit: String,
    /// What it is compared with, measured in the same run; none where the goal is an absolute one.
    reference: Option<f64>,
    goal: f64,
    holds: bool,
}

/// All figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Figures(Vec<Figure>);

impl Figures {
    /// A value that should be at most the goal.
    pub(crate) fn at_most(&mut self, name: &str, value: f64, unit: &str, goal: f64) {
        self.add(name, value, unit, None, goal, value <= goal);
    }

    /// A value that should be at most so many times the reference.
    pub(crate) fn ratio(&mut self, name: &str, value: f64, unit: &str, reference: f64, goal: f64) {
        self.add(name, value, unit, Some(reference), goal, value <= reference * goal);
    }

    fn add(&mut self, name: &str, value: f64, unit: &str, reference: Option<f64>, goal: f64, holds: bool) {
        let mark = if holds { "ok " } else { "NOT" };
        let line = match reference {
            None => format!("{mark} {name}: {value:.3} {unit} (goal: at most {goal})"),
            Some(reference) => {
                let ratio = value / reference;
                format!(
                    "{mark} {name}: {value:.3} {unit}, {ratio:.2} x the reference {reference:.3} (goal: {goal} x)"
                )
            }
        };
        tell(&line);
        let (name, unit) = (name.to_owned(), unit.to_owned());
        self.0.push(Figure { name, value, unit, reference, goal, holds });
    }

    /// Writes them, and says whether all hold.
    pub(crate) fn write(&self, path: &Path) -> std::io::Result<bool> {
        let json = serde_json::to_vec_pretty(&self.0)?;
        fs::write(path, json)?;
        Ok(self.0.iter().all(|figure| figure.holds))
    }
}

/// A line for whoever watches.
pub(crate) fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}
