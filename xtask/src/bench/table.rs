//! The table that closes a comparison.

use std::fmt::Write as _;

use super::figures::{least, median, most};

/// The engine that the others are held against.
const OURS: &str = "ours";

/// One engine's figures of one step in one round, in the step's unit.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) step: &'static str,
    pub(super) engine: String,
    pub(super) round: usize,
    pub(super) typical: f64,
    pub(super) best: f64,
    pub(super) cpu: Option<f64>,
}

/// Medians over all rounds. "Times ours" is a ratio made within each round, of which the median is taken; above 1, the other engine is slower.
pub(super) fn markdown(steps: &[&str], samples: &[Sample]) -> String {
    let mut text = String::from(
        "| what | engine | median (min–max) | best | CPU time | times ours (min–max) | times ours, best | times ours, CPU time |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for step in steps {
        let of_step: Vec<&Sample> = samples.iter().filter(|sample| sample.step == *step).collect();
        let mut engines: Vec<&str> = Vec::new();
        for sample in &of_step {
            if !engines.contains(&sample.engine.as_str()) {
                engines.push(&sample.engine);
            }
        }
        for engine in engines {
            let own = |figure: fn(&Sample) -> Option<f64>| -> Vec<f64> {
                of_step.iter().filter(|sample| sample.engine == engine).filter_map(|sample| figure(sample)).collect()
            };
            let ratios = |figure| {
                if engine == OURS { Vec::new() } else { ratios(&of_step, engine, figure) }
            };
            let cells = [
                spread(&own(typical)),
                middle(&own(best)),
                middle(&own(cpu)),
                spread(&ratios(typical)),
                middle(&ratios(best)),
                middle(&ratios(cpu)),
            ];
            // Writing to a text cannot fail.
            let _ = writeln!(text, "| {step} | {engine} | {} |", cells.join(" | "));
        }
    }
    text
}

fn typical(sample: &Sample) -> Option<f64> {
    Some(sample.typical)
}

fn best(sample: &Sample) -> Option<f64> {
    Some(sample.best)
}

fn cpu(sample: &Sample) -> Option<f64> {
    sample.cpu
}

/// The engine's figure divided by ours, for every round that has both.
fn ratios(samples: &[&Sample], engine: &str, figure: fn(&Sample) -> Option<f64>) -> Vec<f64> {
    let of_engine = samples.iter().filter(|sample| sample.engine == engine);
    let ratio = |sample: &&Sample| {
        let ours = samples.iter().find(|other| other.engine == OURS && other.round == sample.round)?;
        Some(figure(sample)? / figure(ours)?)
    };
    of_engine.filter_map(ratio).collect()
}

fn spread(numbers: &[f64]) -> String {
    match numbers {
        [] => String::new(),
        _ => format!("{} ({}–{})", number(median(numbers)), number(least(numbers)), number(most(numbers))),
    }
}

fn middle(numbers: &[f64]) -> String {
    match numbers {
        [] => String::new(),
        _ => number(median(numbers)),
    }
}

/// Three digits that say something, and no more.
fn number(number: f64) -> String {
    let decimals = match number {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{number:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::{Sample, markdown};

    fn sample(engine: &str, round: usize, typical: f64) -> Sample {
        Sample { step: "parse", engine: engine.to_owned(), round, typical, best: typical / 2.0, cpu: None }
    }

    #[test]
    fn ratios_are_made_within_a_round() {
        let samples = [
            sample("ours", 0, 10.0),
            sample("js", 0, 100.0),
            sample("ours", 1, 20.0),
            sample("js", 1, 400.0),
            sample("ours", 2, 10.0),
            sample("js", 2, 120.0),
        ];
        let table = markdown(&["parse"], &samples);
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| parse | ours | 10.0 (10.0–20.0) | 5.00 |  |  |  |  |",
                "| parse | js | 120 (100–400) | 60.0 |  | 12.0 (10.0–20.0) | 12.0 |  |",
            ]
        );
    }
}
