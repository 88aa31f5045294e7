//! Verbs and flags: what a person types -> what is asked of a verb. The only clap.
//!
//! `table.rs` has those of `table`, `relay.rs` those of the verb below `relay`.
//!
//! Never in here: what a verb does, which lives in `verbs`, and which knows no flag.

mod relay;
mod table;

use crate::data::{Name, NameFault};
use crate::schedule::{ScheduleRequest, schedule};
use crate::source::Wanted;
use crate::verbs::{
    self, Database, Days, DiffRequest, DoctorRequest, InitRequest, Metrics, PaperKind, PlanRequest, RelayBegin,
    RelayRequest, RunRequest, ScanOf, ScanRequest, ScanTells, StatusRequest, TestRequest, ValidateRequest,
};
use crate::world::ProgressMode;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_mangen::Man;
pub use relay::{RelayVerb, TombstoneArgs};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
pub use table::{TableArgs, TableVerb};

/// Reads the command line; ends the process with 2 where it cannot be understood.
pub fn parse() -> Cli {
    Cli::parse()
}

impl Cli {
    /// Does what was asked. The result is written to `out`; gives the exit code.
    pub async fn perform(self, out: &mut dyn Write) -> u8 {
        match self.verb {
            Verb::Run(args) => verbs::run(args.into(), out).await,
            Verb::Plan(args) => verbs::plan(&args.into(), out),
            Verb::Validate(args) => verbs::validate(args.into(), out).await,
            Verb::Test(TestArgs { jobs, json }) => verbs::test(TestRequest { jobs, json }, out).await,
            Verb::Diff(args) => verbs::diff(args.into(), out).await,
            Verb::Scan(args) => verbs::scan(args.into(), out).await,
            Verb::Relay(RelayArgs { what: Some(RelayVerb::Tombstone(args)), .. }) => {
                verbs::tombstone(args.into(), out).await
            }
            Verb::Relay(args) => verbs::relay(args.into(), out).await,
            Verb::Table { what } => verbs::table(what.into(), out).await,
            Verb::Init(args) => verbs::init(args.into(), out).await,
            Verb::Status(args) => verbs::status(args.into(), out).await,
            Verb::Doctor(Common { environment, json }) => verbs::doctor(DoctorRequest { environment, json }, out).await,
            Verb::Schedule(args) => schedule(args.into(), out).await,
            Verb::Completions { shell } => {
                complete(shell, out);
                0
            }
        }
    }
}

/// Carries the day's data across at night: extract, redact, reconcile, publish.
#[derive(Debug, Parser)]
#[command(name = "nightferry", version, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What nightferry can do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run a job: extract, redact, reconcile, publish, report.
    #[command(
        after_help = "Examples:\n  nightferry run jobs/settlements.toml\n  nightferry run jobs/contracts.toml --date 2026-11-22 --dry-run"
    )]
    Run(RunArgs),
    /// Print every query, path, treatment and limit of a job, touching nothing.
    #[command(
        after_help = "Examples:\n  nightferry plan jobs/settlements.toml\n  nightferry plan jobs/contracts.toml --json"
    )]
    Plan(PlanArgs),
    /// Check job, schema and environment files; every fault at once.
    #[command(after_help = "Examples:\n  nightferry validate\n  nightferry validate jobs/settlements.toml --online")]
    Validate(ValidateArgs),
    /// Run jobs over their fixtures and compare with what is expected.
    #[command(after_help = "Examples:\n  nightferry test\n  UPDATE=1 nightferry test jobs/settlements.toml")]
    Test(TestArgs),
    /// Compare two datasets, or a table at two versions, key by key and cell by cell.
    #[command(
        after_help = "Examples:\n  nightferry diff target/warehouse/cfd_unit@0 target/warehouse/cfd_unit --key cfd_id\n  cd target/warehouse; nightferry diff invoice@0 invoice --key invoice_id --ignore amount_gbp"
    )]
    Diff(DiffArgs),
    /// Find personal data in files or a database: every cell, and what columns are of.
    #[command(
        after_help = "From a database:\n  nightferry scan --env prod --source contracts_db --table contracts.contact\n\nExamples:\n  nightferry scan fixtures/contracts/extract/contracts.contact.parquet\n  nightferry scan fixtures/contracts/extract/contracts.milestone.csv --fail-on nino,card,email"
    )]
    Scan(ScanArgs),
    /// Land the topics that a job is compared with, as far as they go now.
    #[command(
        after_help = "From a cluster:\n  nightferry relay jobs/settlements.toml --env prod\n\nExamples:\n  nightferry relay jobs/settlements.toml --plan\n  nightferry relay jobs/contracts.toml --plan --json"
    )]
    Relay(RelayArgs),
    /// Look after a published table: its versions, proof, the way back, what may go.
    #[command(
        after_help = "Examples:\n  nightferry table versions warehouse/invoice\n  nightferry table verify warehouse/invoice --json"
    )]
    Table {
        /// What of it.
        #[command(subcommand)]
        what: TableVerb,
    },
    /// Write the JSON Schemas, or a first job from a database's catalogue.
    #[command(
        after_help = "From a database:\n  nightferry init --env prod --source settlements_db --schema settlements --job nightly\n\nExamples:\n  nightferry init --schemas\n  nightferry init --schemas --into target/editor"
    )]
    Init(InitArgs),
    /// Run jobs when their `[schedule]` says, one night at a time, until told to stop.
    #[command(
        after_help = "Examples:\n  nightferry schedule --once\n  nightferry schedule jobs/settlements.toml --once --lease 2m"
    )]
    Schedule(ScheduleArgs),
    /// Say how the nights of jobs stand: last runs, next due, late, missed, unusual.
    #[command(after_help = "Examples:\n  nightferry status\n  nightferry status jobs/settlements.toml --html")]
    Status(StatusArgs),
    /// Look at everything a run needs, and say how to mend each fault.
    #[command(after_help = "Examples:\n  nightferry doctor\n  nightferry doctor --json")]
    Doctor(Common),
    /// Print completions for a shell, or the man page.
    #[command(after_help = "Examples:\n  nightferry completions bash\n  nightferry completions man")]
    Completions {
        /// bash, elvish, fish, powershell or zsh; or man.
        #[arg(hide_possible_values = true)]
        shell: ShellArg,
    },
}

/// What completions are for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ShellArg {
    /// bash
    Bash,
    /// elvish
    Elvish,
    /// fish
    Fish,
    /// powershell
    Powershell,
    /// zsh
    Zsh,
    /// The man page, for `man -l`
    Man,
}

fn complete(shell: ShellArg, out: &mut dyn Write) {
    use clap_complete::Shell;
    let mut command = Cli::command();
    let shell = match shell {
        ShellArg::Bash => Shell::Bash,
        ShellArg::Elvish => Shell::Elvish,
        ShellArg::Fish => Shell::Fish,
        ShellArg::Powershell => Shell::PowerShell,
        ShellArg::Zsh => Shell::Zsh,
        // A closed pipe is the reader's choice.
        ShellArg::Man => return man(command, out).unwrap_or_default(),
    };
    clap_complete::generate(shell, &mut command, "nightferry", out);
}

/// One page: what nightferry is, then a section for each verb.
fn man(mut command: clap::Command, out: &mut dyn Write) -> std::io::Result<()> {
    command.build();
    let page = Man::new(command.clone());
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    for verb in command.get_subcommands() {
        let (name, page) = (verb.get_name().to_uppercase(), Man::new(verb.clone()));
        let mut section = Vec::new();
        page.render_synopsis_section(&mut section)?;
        page.render_description_section(&mut section)?;
        page.render_options_section(&mut section)?;
        page.render_extra_section(&mut section)?;
        let section = String::from_utf8_lossy(&section).replace(".SH ", ".SS ");
        write!(out, ".SH {name}\n{section}")?;
    }
    Ok(())
}

/// A day of four, two and two digits. A year of more would be newer than any other night's for good.
fn day(text: &str) -> Result<NaiveDate, &'static str> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == "YYYY-MM-DD".len());
    day.filter(|day| (1990..2200).contains(&day.year())).ok_or("a day from 1990 to 2199, such as 2026-11-22")
}

/// A name of ours.
fn name(text: &str) -> Result<Name, NameFault> {
    Name::new(text)
}

/// What every verb over jobs knows.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// Environment: `jobs/environments/<ENV>.toml`.
    #[arg(long = "env", value_name = "ENV", default_value = "dev")]
    pub environment: String,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Which days.
#[derive(Clone, Debug, Args)]
pub struct DaysArgs {
    /// The settlement day it is for [default: yesterday in London].
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, conflicts_with_all = ["from", "to"])]
    pub date: Option<NaiveDate>,
    /// The first of several days.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, requires = "to")]
    pub from: Option<NaiveDate>,
    /// The last of them.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, requires = "from")]
    pub to: Option<NaiveDate>,
}

impl From<DaysArgs> for Days {
    fn from(DaysArgs { date, from, to }: DaysArgs) -> Self {
        Days { date, range: from.zip(to) }
    }
}

/// Flags of `run`.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// The job file; with --array several, one a child.
    #[arg(required = true, value_name = "JOB")]
    pub jobs: Vec<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "shown as its own flags")]
    pub days: DaysArgs,
    /// Do everything but upload and commit.
    #[arg(long)]
    pub dry_run: bool,
    /// In a child of an AWS Batch array job: one of several jobs, or one period of --from .. --to.
    #[arg(long)]
    pub array: bool,
    /// Publish a period that is published already, and say why.
    #[arg(long, value_name = "REASON", value_parser = NonEmptyStringValueParser::new())]
    pub again: Option<String>,
    /// How progress is shown, on stderr: auto, bar, log, json or none.
    #[arg(long, value_enum, default_value = "auto", hide_possible_values = true)]
    pub progress: ProgressArg,
    /// Tell numbers that machines gather: `emf` for CloudWatch's lines on stderr, or an OpenMetrics file.
    #[arg(long, value_name = "emf|FILE", value_parser = metrics)]
    pub metrics: Option<Metrics>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "shown as its own flags")]
    pub common: Common,
}

/// Flags of `plan`.
#[derive(Clone, Debug, Args)]
pub struct PlanArgs {
    /// The job file.
    pub job: PathBuf,
    #[command(flatten)]
    #[expect(missing_docs, reason = "shown as its own flags")]
    pub days: DaysArgs,
    /// Print a paper about the personal data of the job instead: dpia, article30, or json for both.
    #[arg(long, value_name = "PAPER", hide_possible_values = true, conflicts_with = "json")]
    pub papers: Option<PaperArg>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "shown as its own flags")]
    pub common: Common,
}

/// A paper about personal data.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PaperArg {
    /// For a data protection impact assessment, as Markdown
    Dpia,
    /// A record of processing, as Markdown
    Article30,
    /// What both are made of
    Json,
}

/// Flags of `validate`.
#[derive(Clone, Debug, Args)]
pub struct ValidateArgs {
    /// Job files [default: every one in jobs/].
    pub jobs: Vec<PathBuf>,
    /// Ask the sources too whether the tables and columns are there.
    #[arg(long)]
    pub online: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "shown as its own flags")]
    pub common: Common,
}

/// Flags of `test`.
#[derive(Clone, Debug, Args)]
pub struct TestArgs {
    /// Job files [default: every one in jobs/].
    pub jobs: Vec<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Flags of `diff`.
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// The dataset that the other is compared with: .parquet, .csv or .jsonl (also .gz, .zst), a folder of
    /// such files, 'folder/2026-*.csv', or a Delta table, such as table@3.
    pub left: String,
    /// The other dataset.
    pub right: String,
    /// Columns that tell one row from another [default: the schema's].
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub key: Vec<String>,
    /// Compare these columns alone.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Compare all columns but these.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', conflicts_with = "columns")]
    pub ignore: Vec<String>,
    /// What a column may differ by: abs:N, rel:N, ulp:N, precision:ms (or s), trim, case, nfc,
    /// null_equals:TEXT, json. May be repeated.
    #[arg(long, value_name = "COLUMN=RULE")]
    pub tolerate: Vec<String>,
    /// A schema file that says what the columns are; without it those of CSV are text.
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// A side without rows is fine.
    #[arg(long)]
    pub allow_empty: bool,
    /// Write the differing rows there as Parquet. They are data as it is.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write the report there as a page for a browser. It holds no value of the data.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Memory that fingerprints may take; more go to the disk, encrypted.
    #[arg(long, value_name = "SIZE", default_value = "192MiB")]
    pub memory_max: String,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Flags of `scan`.
#[derive(Clone, Debug, Args)]
pub struct ScanArgs {
    /// .parquet, .csv or .jsonl (also .gz, .zst), a folder of such files, 'folder/2026-*.csv', or a Delta
    /// table, such as table@3.
    #[arg(required_unless_present_any = ["kinds", "source", "macie_identifiers"])]
    pub path: Option<String>,
    /// A PostgreSQL source of the environment, instead of a path: all its tables, at one moment.
    #[arg(long, value_name = "NAME", value_parser = name, conflicts_with_all = ["path", "kinds", "macie_identifiers"])]
    pub source: Option<Name>,
    /// Only this table of the source, as `table` or `schema.table`; may be given several times.
    #[arg(long = "table", value_name = "TABLE", requires = "source")]
    pub tables: Vec<String>,
    /// The rows that the SELECT of this file gives, instead of tables.
    #[arg(long, value_name = "FILE", requires = "source", conflicts_with = "tables")]
    pub query: Option<String>,
    /// Tell every finding: where it is and of which kind, never what it says.
    #[arg(long, conflicts_with_all = ["toml", "kinds"])]
    pub spans: bool,
    /// Propose the columns of a schema file.
    #[arg(long, conflicts_with_all = ["kinds", "json"])]
    pub toml: bool,
    /// Tell the columns beside what Amazon Macie found, from a file of its findings (JSON).
    #[arg(long, value_name = "FINDINGS", conflicts_with_all = ["spans", "toml", "kinds"])]
    pub macie: Option<PathBuf>,
    /// Print our recognisers as custom data identifiers of Macie's, an object a line.
    #[arg(long, conflicts_with_all = ["path", "kinds", "spans", "toml", "macie"])]
    pub macie_identifiers: bool,
    /// List the kinds, and what others call them.
    #[arg(long, conflicts_with = "path")]
    pub kinds: bool,
    /// End with 1 where one of these kinds is found; `any` stands for all.
    #[arg(long, value_name = "KINDS", value_delimiter = ',', conflicts_with = "kinds")]
    pub fail_on: Vec<String>,
    /// The source's environment: `jobs/environments/<ENV>.toml`.
    #[arg(long = "env", value_name = "ENV", default_value = "dev")]
    pub environment: String,
    /// Print the result as JSON, an object a line.
    #[arg(long)]
    pub json: bool,
}

impl From<ScanArgs> for ScanRequest {
    fn from(args: ScanArgs) -> Self {
        let ScanArgs { path, source, tables, query, spans, toml, macie, fail_on, environment, json, .. } = args;
        let of = match (path, source) {
            (_, Some(source)) => ScanOf::Database(Database { environment, source, tables, query }),
            (Some(path), None) => ScanOf::Path(path),
            (None, None) if args.macie_identifiers => ScanOf::MacieIdentifiers,
            (None, None) => ScanOf::Kinds,
        };
        let tells = match macie {
            Some(findings) => ScanTells::Macie(findings),
            None if spans => ScanTells::Spans,
            None if toml => ScanTells::Toml,
            None => ScanTells::Columns,
        };
        ScanRequest { of, tells, fail_on, json }
    }
}

/// Flags of `init`.
#[derive(Clone, Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["schemas", "source"])))]
pub struct InitArgs {
    /// Write the JSON Schemas of the three kinds of file.
    #[arg(long)]
    pub schemas: bool,
    /// The folder that the JSON Schemas go to.
    #[arg(long, value_name = "FOLDER", default_value = "target/json-schemas", conflicts_with = "source")]
    pub into: PathBuf,
    /// Draft a job over the tables of this PostgreSQL source of the environment.
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub source: Option<Name>,
    /// Only tables of this PostgreSQL schema; may be given several times.
    #[arg(long = "schema", value_name = "SCHEMA", requires = "source")]
    pub of_schemas: Vec<String>,
    /// Only this table, as `table` or `schema.table`; may be given several times.
    #[arg(long = "table", value_name = "TABLE", requires = "source")]
    pub of_tables: Vec<String>,
    /// The job's name [default: the source's].
    #[arg(long, value_name = "NAME", value_parser = name, requires = "source")]
    pub job: Option<Name>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "shown as its own flags")]
    pub common: Common,
}

/// Flags of `schedule`.
#[derive(Clone, Debug, Args)]
pub struct ScheduleArgs {
    /// Job files [default: every one in jobs/ that has a schedule].
    pub jobs: Vec<PathBuf>,
    /// How long a night belongs to a schedule that says nothing, from 2s to 1h; then another takes it over.
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "1m")]
    pub lease: Duration,
    /// Run what is due now, and end: for a trigger outside.
    #[arg(long)]
    pub once: bool,
    /// Each night tells its numbers, as CloudWatch's lines on stderr.
    #[arg(long, value_name = "emf", value_parser = ["emf"], hide_possible_values = true)]
    pub metrics: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "shown as its own flags")]
    pub common: Common,
}

impl From<ScheduleArgs> for ScheduleRequest {
    fn from(ScheduleArgs { jobs, lease, once, metrics, common: Common { environment, json } }: ScheduleArgs) -> Self {
        ScheduleRequest { jobs, environment, lease, once, metrics: metrics.is_some(), json }
    }
}

/// Flags of `relay`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct RelayArgs {
    /// Something else than landing.
    #[command(subcommand)]
    pub what: Option<RelayVerb>,
    /// The job file.
    #[arg(required = true)]
    pub job: Option<PathBuf>,
    /// Say which topics would be landed, where and for whom, and touch nothing.
    #[arg(long, conflicts_with_all = ["lag", "follow"])]
    pub plan: bool,
    /// Say how far each partition is landed, and how far it goes.
    #[arg(long, conflicts_with = "follow")]
    pub lag: bool,
    /// Go on until told to stop.
    #[arg(long)]
    pub follow: bool,
    /// With --follow: how often what is new is landed; sooner where there is much.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = span)]
    pub every: Duration,
    /// Begin a topic that is not landed yet at this offset.
    #[arg(long, value_name = "OFFSET", value_parser = clap::value_parser!(i64).range(0..), conflicts_with = "from_time")]
    pub from_offset: Option<i64>,
    /// Begin a topic that is not landed yet at this moment, such as 2026-11-22T00:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub from_time: Option<DateTime<Utc>>,
    /// Tell numbers that machines gather: `emf` for CloudWatch's lines on stderr, or an OpenMetrics file.
    #[arg(long, value_name = "emf|FILE", value_parser = metrics, conflicts_with = "plan")]
    pub metrics: Option<Metrics>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "shown as its own flags")]
    pub common: Common,
}

impl From<RelayArgs> for RelayRequest {
    fn from(args: RelayArgs) -> Self {
        let RelayArgs { job, plan, lag, follow, every, from_offset, from_time, metrics, common, .. } = args;
        let Common { environment, json } = common;
        // There, unless another verb is.
        let job = job.unwrap_or_default();
        let begin = from_offset.map(RelayBegin::Offset).or(from_time.map(RelayBegin::Time));
        RelayRequest { job, environment, plan, lag, follow: follow.then_some(every), begin, metrics, json }
    }
}

/// Flags of `status`.
#[derive(Clone, Debug, Args)]
pub struct StatusArgs {
    /// Job files [default: every one in jobs/].
    pub jobs: Vec<PathBuf>,
    /// Write a page with a picture of the last 90 nights beside the reports: reports/<job>/nights.html.
    #[arg(long)]
    pub html: bool,
    /// Write what is published into a folder instead: DCAT as JSON-LD, and what becomes of each column.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["html", "metrics"])]
    pub catalogue: Option<PathBuf>,
    /// Tell numbers that machines gather: `emf` for CloudWatch's lines on stderr, or an OpenMetrics file.
    #[arg(long, value_name = "emf|FILE", value_parser = metrics)]
    pub metrics: Option<Metrics>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "shown as its own flags")]
    pub common: Common,
}

impl From<StatusArgs> for StatusRequest {
    fn from(StatusArgs { jobs, html, catalogue, metrics, common: Common { environment, json } }: StatusArgs) -> Self {
        StatusRequest { jobs, environment, html, catalogue, metrics, json }
    }
}

/// Where numbers go: `emf`, or a file.
fn metrics(text: &str) -> Result<Metrics, &'static str> {
    match text {
        "emf" => Ok(Metrics::Emf),
        "" => Err("`emf`, or the path of a file"),
        path => Ok(Metrics::File(path.into())),
    }
}

/// A moment of RFC 3339.
fn moment(text: &str) -> Result<DateTime<Utc>, &'static str> {
    let moment =
        DateTime::parse_from_rfc3339(text).map_err(|_| "a moment with its zone, such as 2026-11-22T00:00:00Z")?;
    Ok(moment.with_timezone(&Utc))
}

/// A time with its unit, from 2 seconds to an hour.
fn span(text: &str) -> Result<Duration, &'static str> {
    let told = text.len().checked_sub(1).and_then(|at| text.split_at_checked(at));
    let seconds = told.and_then(|(number, unit)| {
        let number = number.parse::<u64>().ok()?;
        number.checked_mul(match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return None,
        })
    });
    seconds
        .filter(|seconds| (2..=3600).contains(seconds))
        .map(Duration::from_secs)
        .ok_or("a time from 2s to 1h, such as 30s or 2m")
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ProgressArg {
    /// A bar on a terminal, else plain lines
    Auto,
    /// A bar
    Bar,
    /// Plain lines
    Log,
    /// A JSON object a stage
    Json,
    /// Nothing
    None,
}

impl From<InitArgs> for InitRequest {
    fn from(args: InitArgs) -> Self {
        let InitArgs { into, source, of_schemas, of_tables, job, common: Common { environment, json }, .. } = args;
        match source {
            None => InitRequest::Schemas { into, json },
            Some(source) => {
                let wanted = Wanted { schemas: of_schemas, tables: of_tables };
                InitRequest::Source { environment, source, job, wanted, json }
            }
        }
    }
}

impl From<RunArgs> for RunRequest {
    fn from(args: RunArgs) -> Self {
        let RunArgs { jobs, days, dry_run, array, again, progress, metrics, common } = args;
        let Common { environment, json } = common;
        let progress = match progress {
            ProgressArg::Auto => ProgressMode::Auto,
            ProgressArg::Bar => ProgressMode::Bar,
            ProgressArg::Log => ProgressMode::Log,
            ProgressArg::Json => ProgressMode::Json,
            ProgressArg::None => ProgressMode::None,
        };
        RunRequest { jobs, array, environment, days: days.into(), dry_run, again, progress, metrics, json }
    }
}

impl From<DiffArgs> for DiffRequest {
    fn from(args: DiffArgs) -> Self {
        let DiffArgs { left, right, key, columns, ignore, tolerate, schema, allow_empty, out, html, memory_max, json } =
            args;
        let sides = [left, right];
        DiffRequest { sides, key, columns, ignore, tolerate, schema, allow_empty, out, html, memory_max, json }
    }
}

impl From<PlanArgs> for PlanRequest {
    fn from(PlanArgs { job, days, papers, common: Common { environment, json } }: PlanArgs) -> Self {
        let papers = papers.map(|paper| match paper {
            PaperArg::Dpia => PaperKind::Dpia,
            PaperArg::Article30 => PaperKind::Article30,
            PaperArg::Json => PaperKind::Json,
        });
        PlanRequest { job, environment, days: days.into(), papers, json }
    }
}

impl From<ValidateArgs> for ValidateRequest {
    fn from(ValidateArgs { jobs, online, common: Common { environment, json } }: ValidateArgs) -> Self {
        ValidateRequest { jobs, environment, online, json }
    }
}
