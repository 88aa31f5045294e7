//! redact-core over the texts that `scan.py` made, as its own README uses it: bytes a second, as JSON.
//!
//! ```text
//! redact-core-peer FOLDER THREADS
//! ```

use rayon::prelude::*;
use redact_core::anonymizers::AnonymizerConfig;
use redact_core::AnalyzerEngine;
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

/// Each measure goes on at least this long.
const MEASURED: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, threads] = &arguments[..] else { return Err("redact-core-peer FOLDER THREADS".into()) };
    let threads: usize = threads.parse()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let (engine, config) = (AnalyzerEngine::new(), AnonymizerConfig::default());
    for density in ["prose", "tenth", "dense"] {
        let lines = std::fs::read_to_string(Path::new(folder).join(format!("texts.{density}.jsonl")))?;
        let texts: Vec<String> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let all: usize = texts.iter().map(String::len).sum();
        let (start, processor, mut bytes, mut found) = (Instant::now(), processor_seconds(), 0, 0);
        pool.install(|| {
            while start.elapsed() < MEASURED {
                let changed = |text: &String| engine.anonymize(text, None, &config).is_ok_and(|made| made.text != *text);
                found = texts.par_iter().filter(|text| changed(text)).count();
                bytes += all;
            }
        });
        let (all, processor) = (bytes as f64 / 1e6, processor_seconds() - processor);
        let told = serde_json::json!({
            "tool": "redact-core", "part": format!("text, {density}"), "threads": threads,
            "mb_s": all / start.elapsed().as_secs_f64(), "mb_cpu_s": all / processor, "found": found
        });
        println!("{told}");
    }
    Ok(())
}

/// What this process has used, by Linux, which counts in hundredths.
fn processor_seconds() -> f64 {
    let told = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = told.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
    fields.take(2).flat_map(str::parse::<f64>).sum::<f64>() / 100.0
}
