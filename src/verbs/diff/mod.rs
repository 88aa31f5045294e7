//! `nightferry diff A B --key ..`: any two datasets of Parquet, CSV or JSON lines, or a Delta table at two versions.
//!
//! ```text
//! learn.rs      a file -> its columns and types   side.rs       files -> a side, typed
//! rows_file.rs  the differing rows, where somebody wants them
//! ```

mod learn;
mod rows_file;
mod side;

use super::files;
use super::paths;
use crate::data::scratch::Allowance;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::format::csv::NO_HEADER;
use crate::format::spill::Aside;
use crate::job;
use crate::reconcile::diff::{DiffFault, DiffOutcome, DiffTerms, InputFault, Means, Side, Tolerance, diff as compare};
use crate::report::{DiffReport, DiffSide, DiffVerdict, diff_page, diff_terminal};
use crate::world::{DiskScratch, Project, Readers, ScratchFolder, WholeFile, compute};
use paths::Named;
use ring::rand::{SecureRandom, SystemRandom};
use rows_file::RowsFile;
use side::FileSide;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Memory of fingerprints, at least: less would put aside what a page of rows takes anyway.
const MEMORY_BYTES_MIN: u64 = 64 << 10;

/// What is asked of `diff`.
#[derive(Clone, Debug)]
pub struct DiffRequest {
    /// Both sides, as they were named.
    pub sides: [String; 2],
    /// Columns that tell one row from another; the schema's where none is named.
    pub key: Vec<String>,
    /// The columns that are compared; none stands for all.
    pub columns: Vec<String>,
    /// Columns that are not.
    pub ignore: Vec<String>,
    /// `column=rule`, any number of them.
    pub tolerate: Vec<String>,
    /// A schema file that says what the columns are.
    pub schema: Option<PathBuf>,
    /// Whether a side without rows is fine.
    pub allow_empty: bool,
    /// Where the differing rows go.
    pub out: Option<PathBuf>,
    /// Where the report goes as a page.
    pub html: Option<PathBuf>,
    /// Memory that fingerprints may take, such as `256MiB`.
    pub memory_max: String,
    /// The result as JSON.
    pub json: bool,
}

/// Compares two datasets.
pub async fn diff(request: DiffRequest, out: &mut dyn Write) -> u8 {
    let json = request.json;
    match journey(request, out).await {
        Ok(code) => code,
        Err(failure) => files::tell_as(json, &failure, out),
    }
}

async fn journey(request: DiffRequest, out: &mut dyn Write) -> Result<u8, Failure> {
    let (terms, schema) = terms(&request)?;
    let memory_bytes = job::bytes(&request.memory_max).filter(|bytes| *bytes >= MEMORY_BYTES_MIN);
    let memory_bytes = memory_bytes.ok_or_else(|| usage("`--memory-max` is a size such as 256MiB, 64KiB at least"))?;
    let rows_file = request.out.as_deref().map(RowsFile::new).transpose()?;
    if request.html.as_deref().is_some_and(|path| path.symlink_metadata().is_ok()) {
        return Err(usage("the file of `--html` is there already; hint: name another, or remove it"));
    }
    let named = [
        paths::find(&request.sides[0], ending::DIFF_USAGE).await?,
        paths::find(&request.sides[1], ending::DIFF_USAGE).await?,
    ];
    let versions = [named[0].version, named[1].version];
    let key = terms.key.clone();
    let compared = compute(move || compared(named, schema.as_ref(), &terms, memory_bytes, rows_file)).await?;

    let sides =
        std::array::from_fn(|which| DiffSide { path: paths::shown(&request.sides[which]), version: versions[which] });
    let rows_path = request.out.as_ref().map(|path| paths::shown(&path.to_string_lossy()));
    let report = DiffReport::new(&compared, sides, key, rows_path, request.allow_empty);
    if let Some(path) = &request.html {
        let page = diff_page(&report);
        let written = WholeFile::begin(path, Readers::Others).and_then(|mut file| {
            file.write_all(page.as_bytes())?;
            file.put_new()
        });
        written
            .map_err(|_| Failure::new(ending::REFUSED, Phase::Reconcile, "the file of `--html` cannot be written"))?;
    }
    tell(&report, request.json, out);
    Ok(report.exit_code)
}

/// What is compared and how; and the schema.
fn terms(request: &DiffRequest) -> Result<(DiffTerms, Option<crate::data::Schema>), Failure> {
    let schema = request.schema.as_deref().map(schema).transpose()?;
    let mut key = request.key.clone();
    if let (true, Some(schema)) = (key.is_empty(), &schema) {
        key = schema.key.iter().map(ToString::to_string).collect();
    }
    if key.is_empty() {
        return Err(usage(
            "no key; hint: `--key` names the columns that tell one row from another, or `--schema` does",
        ));
    }
    let mut terms = DiffTerms {
        key,
        columns: (!request.columns.is_empty()).then(|| request.columns.clone()),
        ignore: request.ignore.clone(),
        ..DiffTerms::default()
    };
    for rule in &request.tolerate {
        let (column, rule) =
            rule.split_once('=').ok_or_else(|| usage("`--tolerate` is column=rule; hint: amount=abs:0.01"))?;
        let tolerance: &mut Tolerance = terms.tolerate.entry(column.to_owned()).or_default();
        tolerance
            .add(rule)
            .map_err(|fault| usage(&format!("a rule of `--tolerate` for {} {fault}", learn::told(column))))?;
    }
    Ok((terms, schema))
}

fn schema(path: &Path) -> Result<crate::data::Schema, Failure> {
    let project = Project::around(path);
    let project =
        project.map_err(|_| Failure::new(ending::NOT_THERE, Phase::Files, "the current folder cannot be read"))?;
    let shown = paths::shown(&path.to_string_lossy());
    let here = std::env::current_dir().map(|here| here.join(path)).unwrap_or_else(|_| path.to_path_buf());
    let text = project.read(&here.to_string_lossy());
    let text =
        text.map_err(|fault| Failure::new(ending::SIDE_NOT_THERE, Phase::Files, format!("`{shown}` {fault}")))?;
    job::schema(&shown, text).map_err(files::invalid)
}

/// Opens both sides and compares them.
fn compared(
    named: [Named; 2],
    schema: Option<&crate::data::Schema>,
    terms: &DiffTerms,
    memory_bytes: u64,
    mut rows_file: Option<RowsFile>,
) -> Result<DiffOutcome, Failure> {
    let [left, right] =
        named.map(|named| FileSide::open(named.files, schema, &terms.key).map_err(|fault| input(&fault)));
    let (mut left, mut right) = (left?, right?);
    left.be_like(&right);
    right.be_like(&left);

    let no_scratch = |_| Failure::new(ending::DISK, Phase::Open, "no scratch space can be made");
    ScratchFolder::tidy(&std::env::temp_dir());
    let scratch =
        ScratchFolder::make(&std::env::temp_dir(), &format!("diff-{}", uuid::Uuid::now_v7())).map_err(no_scratch)?;
    // No task of a size that somebody planned: as much as there is.
    let disk = DiskScratch::open(scratch.path(), &Allowance::unlimited()).map_err(no_scratch)?;
    let aside = Aside::new(Arc::new(disk), memory_bytes);
    let mut seed = [0; 8];
    let no_seed = |_| Failure::new(ending::DISK, Phase::Open, "the system gives no randomness");
    SystemRandom::new().fill(&mut seed).map_err(no_seed)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let means = Means { seed: u64::from_le_bytes(seed), cores, aside: &aside, bytes_max: memory_bytes };

    let sides: [&dyn Side; 2] = [&left, &right];
    let outcome = match &mut rows_file {
        None => compare(sides, terms, &means, None),
        Some(file) => {
            let mut sink = |rows| file.add(&rows).ok_or(DiffFault::Sink);
            compare(sides, terms, &means, Some(&mut sink))
        }
    };
    if !left.is_unchanged() || !right.is_unchanged() {
        return Err(failed(&DiffFault::Changed));
    }
    let outcome = outcome.map_err(|fault| failed(&fault))?;
    if let Some(file) = rows_file {
        file.finish().ok_or_else(|| failed(&DiffFault::Sink))?;
    }
    Ok(outcome)
}

fn usage(what: &str) -> Failure {
    Failure::new(ending::DIFF_USAGE, Phase::Open, what)
}

fn input(fault: &InputFault) -> Failure {
    let ending = if fault.fault == NO_HEADER { ending::SIDE_NOT_THERE } else { ending::SIDE_CORRUPT };
    Failure::new(ending, Phase::Extract, fault.to_string())
}

fn failed(fault: &DiffFault) -> Failure {
    let ending = match fault {
        DiffFault::Input(fault) => return input(fault),
        DiffFault::Scratch(_) | DiffFault::Sink => ending::DISK,
        DiffFault::NoColumn { .. } => ending::SIDE_NOT_THERE,
        DiffFault::KeyType { .. } => ending::SIDES_ERROR,
        DiffFault::Unread { .. } | DiffFault::Tolerance { .. } | DiffFault::TooManyRows => ending::DIFF_USAGE,
        DiffFault::Changed => ending::SIDES_CHANGED,
        DiffFault::Shape => ending::SIDE_CORRUPT,
    };
    Failure::new(ending::Ending { safe: ending::SIDES_ERROR.safe, ..ending }, Phase::Reconcile, fault.to_string())
}

fn tell(report: &DiffReport, json: bool, out: &mut dyn Write) {
    // A closed pipe is the reader's choice.
    let _ = match json {
        true => writeln!(out, "{}", serde_json::to_string(report).unwrap_or_default()),
        false => write!(out, "{}", diff_terminal(report)),
    };
    if report.verdict == DiffVerdict::Error {
        files::tell(&Failure::new(ending::SIDES_ERROR, Phase::Reconcile, report.phrase.clone()));
    }
}
