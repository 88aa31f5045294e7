//! How fast text is looked at, in this process alone: the data that `scan.py` made -> bytes a second, as JSON, a line a measure.
//!
//! ```text
//! scan FOLDER THREADS [PART]    FOLDER has texts.*.jsonl (a JSON string a line), columns.json and columns.once.json (name -> values);
//!                               only the measures whose name begins with PART, for a profile
//! ```
//!
//! Text is scrubbed as a run scrubs it, by `redact`; columns get the verdict that `nightferry scan` gives them.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray};
use nightferry::data::{Audience, Class, Column, ColumnType, Name, Treatment};
use nightferry::privacy::{
    CellKind, CellTold, ColumnTally, ColumnTreatment, Engine, Header, Keys, Memo, Recognisers, TEST_SECRET, redact,
    verdict,
};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Each measure goes on at least this long, and that of a single column this long.
const MEASURED: Duration = Duration::from_secs(3);
const MEASURED_COLUMN: Duration = Duration::from_millis(500);
/// Cells that one thread takes in one go, as `nightferry scan` gives them out.
const CELLS_AT_ONCE: usize = 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let (folder, threads, only) = match &arguments[..] {
        [_, folder, threads] => (folder, threads, ""),
        [_, folder, threads, only] => (folder, threads, only.as_str()),
        _ => return Err("scan FOLDER THREADS [PART]".into()),
    };
    let threads: usize = threads.parse()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let bench = Bench { pool, threads, only };
    for density in ["prose", "tenth", "dense"] {
        let texts = texts(&Path::new(folder).join(format!("texts.{density}.jsonl")))?;
        let bytes = texts.iter().flatten().map(str::len).sum();
        let (rows, columns, dataset) = (notes(texts)?, [scrubbed()?], Name::new("notes")?);
        let keys = Keys::derive(TEST_SECRET, [dataset.clone()])?;
        bench.measure(&format!("text, {density}"), MEASURED, bytes, || {
            let redacted = redact(&rows, &columns, Audience::Analytics, &dataset, &keys);
            redacted.map_or(0, |redacted| differing(&rows, redacted.rows()))
        })?;
        let cells = rows.column(0).as_string_view();
        let recognisers = Recognisers::new()?;
        bench.measure(&format!("last scan, {density}"), MEASURED, bytes, || {
            recognisers.findings(cells);
            0
        })?;
    }
    for (part, file) in [("typed columns", "columns.json"), ("typed columns, once", "columns.once.json")] {
        let columns = columns(&Path::new(folder).join(file))?;
        let engine = Engine::shared()?;
        let all: usize = columns.iter().flat_map(|(_, cells)| cells).flatten().map(str::len).sum();
        let known = |name: &str, cells| usize::from(kind_of(engine, name, cells).is_some());
        bench.measure(part, MEASURED, all, || columns.iter().map(|(name, cells)| known(name, cells)).sum())?;
        for (name, cells) in &columns {
            let bytes = cells.iter().flatten().map(str::len).sum();
            bench.measure(&format!("{part}: {name}"), MEASURED_COLUMN, bytes, || known(name, cells))?;
        }
    }
    Ok(())
}

/// How measures are taken, and which.
struct Bench<'a> {
    pool: rayon::ThreadPool,
    threads: usize,
    only: &'a str,
}

impl Bench<'_> {
    /// Millions of bytes a second of wall time and of processor time, after one pass that counts for nothing; `pass` gives how many
    /// texts it changed or columns it knew.
    fn measure(
        &self,
        part: &str,
        time: Duration,
        bytes: usize,
        mut pass: impl FnMut() -> usize + Send,
    ) -> std::io::Result<()> {
        if !part.starts_with(self.only) {
            return Ok(());
        }
        let (wall, core, found) = self.pool.install(|| {
            let found = pass();
            let (start, processor, mut passes) = (Instant::now(), processor_seconds(), 0usize);
            while start.elapsed() < time {
                pass();
                passes += 1;
            }
            let all = (bytes * passes) as f64 / 1e6;
            (all / start.elapsed().as_secs_f64(), all / (processor_seconds() - processor), found)
        });
        let told = json!({
            "tool": "nightferry", "part": part, "threads": self.threads, "mb_s": wall, "mb_cpu_s": core, "found": found
        });
        writeln!(std::io::stdout(), "{told}")
    }
}

fn texts(path: &Path) -> Result<StringViewArray, Box<dyn Error>> {
    let lines = std::fs::read_to_string(path)?;
    let texts: Result<Vec<String>, _> = lines.lines().map(serde_json::from_str).collect();
    Ok(texts?.iter().map(|text| Some(text.as_str())).collect())
}

fn columns(path: &Path) -> Result<Vec<(String, StringViewArray)>, Box<dyn Error>> {
    let columns: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let cells = |values: &Value| values.as_array().into_iter().flatten().map(Value::as_str).collect();
    Ok(columns.as_object().into_iter().flatten().map(|(name, values)| (name.clone(), cells(values))).collect())
}

fn notes(texts: StringViewArray) -> Result<RecordBatch, Box<dyn Error>> {
    Ok(RecordBatch::try_from_iter([("note", Arc::new(texts) as ArrayRef)])?)
}

fn scrubbed() -> Result<ColumnTreatment, Box<dyn Error>> {
    let mut column = Column::plain(Name::new("note")?, ColumnType::Text);
    column.class = Class::Personal;
    Ok(ColumnTreatment { column, treatment: Treatment::Scrub })
}

fn differing(before: &RecordBatch, after: &RecordBatch) -> usize {
    let (before, after) = (before.column(0).as_string_view(), after.column(0).as_string_view());
    before.iter().zip(after).filter(|(before, after)| before != after).count()
}

/// What a column is of, looked at by all threads as `nightferry scan` does: nothing is known of it before.
fn kind_of(engine: &Engine, name: &str, cells: &StringViewArray) -> Option<&'static str> {
    let (header, memos) = (Header::new(name), Mutex::new(Vec::<Memo<CellTold>>::new()));
    let pieces = (0..cells.len()).into_par_iter().step_by(CELLS_AT_ONCE).map(|start| {
        let mut memo = memos.lock().ok().and_then(|mut memos| memos.pop()).unwrap_or_default();
        let (mut work, mut tally) = (engine.take_work(), ColumnTally::new(CellKind::Text));
        for cell in start..cells.len().min(start + CELLS_AT_ONCE) {
            tally.add_once(cells.value(cell), (0, &header), engine, &mut work, &mut memo);
        }
        tally.settle(&mut memo);
        engine.give_back(work);
        if let Ok(mut memos) = memos.lock() {
            memos.push(memo);
        }
        tally
    });
    let tallies: Vec<ColumnTally> = pieces.collect();
    let tally = tallies.into_iter().fold(ColumnTally::new(CellKind::Text), ColumnTally::and);
    verdict(name, &tally).kind
}

/// What this process has used, by Linux, which counts in hundredths.
fn processor_seconds() -> f64 {
    let told = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = told.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
    fields.take(2).flat_map(str::parse::<f64>).sum::<f64>() / 100.0
}
