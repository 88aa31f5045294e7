//! The plan as a person reads it: every query, path, treatment, check and limit.

use super::job_file::VAULT;
use super::login_spec::Trust;
use super::plan::{
    CheckPlan, CheckedBy, DatasetPlan, Location, Plan, ReconcilePlan, Severity, SourceSpec, StoreSpec, TopicPlan,
};
use super::requests::requests_at_least;
use super::select::select;
use super::told;
use super::write_plan::{MergePlan, WriteMode};
use crate::changes::untold;
use crate::cost::{REFERENCE, Requests, usd, usd_an_hour};
use crate::data::{Beyond, Column, Name, OnNewColumn, Rows, Treatment};
use crate::privacy::ColumnTreatment;
use crate::problem::is_unseen;
use crate::reconcile::Deleted;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

/// How far continued lines are set in.
const INDENT: &str = "            ";

/// The plan as text.
pub fn face(plan: &Plan) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} · {} · {} (stamp {})", plan.job, plan.period, plan.environment, plan.stamp);
    let _ = writeln!(out, "  {}", plan.description);
    if let Some(owner) = &plan.owner {
        let _ = writeln!(out, "  answered for by {owner}");
    }
    for dataset in &plan.datasets {
        out.push('\n');
        write_dataset(&mut out, plan, dataset);
    }
    for topic in &plan.topics {
        out.push('\n');
        write_topic(&mut out, topic);
    }
    let _ = writeln!(out, "\nstores");
    for (name, holds) in
        [("restricted", "bad rows, differing rows, rows that break a check"), ("security", "the job's nights, reports")]
    {
        if let Some(store) = plan.stores.values().find(|store| store.name.as_str() == name) {
            let _ = writeln!(out, "  {name:<10}{}  for {}: {holds}", places(store, ""), store.audience);
        }
    }
    let domains = domains(plan);
    if !domains.is_empty() {
        let _ = writeln!(out, "\nkeys\n  version {} of the keys of {}", plan.tokens_version, domains.join(", "));
    }
    let vaults = vaults(plan);
    if !vaults.is_empty() {
        let _ = writeln!(out, "\nvaults");
        for domain in vaults {
            let _ = writeln!(
                out,
                "  {VAULT}{domain}  in restricted: each value of {domain} and the token that stands for it"
            );
        }
    }
    out.push_str(&told::face(plan));
    let _ = writeln!(out, "\ncost\n  {}", cost(plan));
    if let Some(requests) = requests(plan) {
        let _ = writeln!(out, "  {requests}");
    }
    let limits = &plan.limits;
    let _ = writeln!(
        out,
        "\nlimits\n  rows      {} a batch, {} a row group, {} a part\n  bytes     {} of rows in memory, {} on the disk, {} a row group, {} a part, {} a cell",
        limits.batch_rows_max,
        limits.row_group_rows_max,
        limits.part_rows_max,
        limits.memory_bytes_max,
        limits.spill_bytes_max,
        limits.unit_bytes_max(),
        limits.part_bytes_max,
        limits.cell_bytes_max
    );
    out
}

/// What a run costs, as far as that is known before: by the hour, and by what leaves AWS.
fn cost(plan: &Plan) -> String {
    let prices = &plan.prices;
    let hour = usd_an_hour(prices, REFERENCE);
    let least = usd_at_least(plan);
    let gib = |bytes: u64| bytes as f64 / 1e9 * prices.egress_gb_usd;
    let is_leaving =
        plan.datasets.iter().flat_map(|dataset| &dataset.outputs).any(|output| plan.leaves_aws(output.store.as_str()));
    let leaving = match (is_leaving, plan.limits.bytes_out_max) {
        (false, _) => "nothing leaves AWS".to_owned(),
        (true, None) => format!("{} USD a GB that leaves AWS, without a limit", prices.egress_gb_usd),
        (true, Some(most)) => {
            format!("{} USD a GB that leaves AWS, {most} bytes and {:.2} USD at most", prices.egress_gb_usd, gib(most))
        }
    };
    format!("{least:.4} USD a run at least, {hour:.3} an hour (1 vCPU, 2 GB); {leaving}; {}", prices.basis)
}

/// What a run costs that is over at once: a minute of a task, and the requests that each run makes.
pub(super) fn usd_at_least(plan: &Plan) -> f64 {
    let requests: f64 = requests_at_least(plan).values().map(|of| of.usd(&plan.prices)).sum();
    usd(&plan.prices, REFERENCE, Duration::ZERO, 0) + requests
}

/// What is asked of stores in a cloud.
fn requests(plan: &Plan) -> Option<String> {
    let all = requests_at_least(plan);
    let sum = |of: fn(&Requests) -> u64| all.values().map(of).sum::<u64>();
    let usd: f64 = all.values().map(|of| of.usd(&plan.prices)).sum();
    (!all.is_empty()).then(|| {
        let (writes, reads) = (sum(|of| of.puts + of.lists), sum(|of| of.gets));
        format!("{writes} requests that write or list and {reads} that read at least, {usd:.6} USD; a part of {} bytes more is one that writes, in each cloud", plan.limits.part_bytes_max)
    })
}

fn write_dataset(out: &mut String, plan: &Plan, dataset: &DatasetPlan) {
    let _ = writeln!(out, "{}", dataset.name);
    let _ = writeln!(out, "  from      {} ({})", dataset.from, source(plan.sources.get(&dataset.from)));
    if let Some(read) = read(plan.sources.get(&dataset.from), &dataset.extract.rows) {
        let _ = writeln!(out, "  read      {read}");
    }
    let _ = writeln!(out, "  select    {}", indented(&select(&dataset.extract)));
    let _ = writeln!(out, "  write     {}", written(&dataset.write));
    let on_new_column = match dataset.schema.on_new_column {
        OnNewColumn::Stop => "stop",
        OnNewColumn::Withhold => "withhold",
    };
    let _ = writeln!(out, "  new       a column that nobody classified (on_new_column): {on_new_column}");
    for column in extracted(dataset).filter(|column| column.beyond != Beyond::Error) {
        let becomes =
            if column.beyond == Beyond::Null { "NULL, and counted" } else { "PostgreSQL's text, as all of it" };
        let _ = writeln!(out, "  beyond    {}: what the declared type cannot hold is {becomes}", column.name);
    }
    for column in extracted(dataset) {
        for (kind, why) in &column.not_personal {
            let _ = writeln!(out, "  known     {} is not {kind}: {}", column.name, on_one_line(why));
        }
    }
    for output in &dataset.outputs {
        if let Some(store) = plan.stores.get(&output.store) {
            let places = places(store, &format!("/{}", dataset.name));
            let _ = writeln!(out, "  to        {places}  for {}", output.audience);
            if dataset.plain_copy {
                let places = self::places(store, &format!("/plain/{}", dataset.name));
                let _ = writeln!(out, "{INDENT}and again, one object a period, to {places}");
            }
        }
        write_columns(out, &output.columns);
        for condition in &output.suppress_rows {
            let _ = writeln!(out, "{INDENT}rows left out: {}", on_one_line(&condition.to_string()));
        }
        if let Some(risk) = &output.risk {
            let by = risk.quasi.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
            let of = risk.sensitive.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
            let _ = writeln!(out, "{INDENT}risk counted{of} by: {by}");
        }
        if let Some(small_cells) = &output.small_cells {
            let _ = writeln!(out, "{INDENT}small cells: {}", small_cells.phrase());
        }
    }
    match &dataset.reconcile {
        Some(reconcile) => write_reconcile(out, plan, dataset, reconcile),
        None => {
            let _ = writeln!(out, "  against   nothing: not compared");
        }
    }
    for CheckPlan { name, how, severity } in &dataset.checks {
        let severity = if *severity == Severity::Warn { "warn" } else { "error" };
        let how = match how {
            CheckedBy::Sql(sql) => indented(sql.trim()),
            CheckedBy::Claim(claim) => format!("{}: {}", claim.kind(), on_one_line(&claim.to_string())),
        };
        let _ = writeln!(out, "  check     {name} ({severity})\n{INDENT}{how}");
    }
    if dataset.set_aside.iter().any(|shown| shown.treatment != Treatment::Keep) {
        let _ = writeln!(
            out,
            "  aside     differing and bad rows and those that break a check, for restricted; of bad rows only what is kept"
        );
        write_columns(out, &dataset.set_aside);
    }
    let empty = if dataset.allow_empty { "fine" } else { "refused" };
    let _ = writeln!(out, "  refuses   more than {} bad rows; no rows at all is {empty}", dataset.bad_rows_max);
}

fn write_topic(out: &mut String, topic: &TopicPlan) {
    let _ = writeln!(out, "{}", topic.name);
    let _ = writeln!(out, "  topic     {} of {} ({})", topic.topic, topic.from, source(Some(&topic.source)));
    if let Some(heartbeat) = &topic.heartbeat {
        let _ = writeln!(out, "{INDENT}{heartbeat} shows how far the stream has come");
    }
    match &topic.source {
        SourceSpec::Dump { kafka: Some(kafka), .. } => {
            let _ = writeln!(out, "  lands     by `nightferry relay`, for {}; no night reads it", kafka.audience);
            write_columns(out, &topic.columns);
        }
        _ => {
            let _ = writeln!(out, "  lands     nothing: the source names no `kafka`");
        }
    }
}

/// The domains whose keys make values of an output, of what is set aside, or of a topic.
pub(super) fn domains(plan: &Plan) -> Vec<&str> {
    let outputs = plan.datasets.iter().flat_map(|dataset| &dataset.outputs).flat_map(|output| &output.columns);
    let landed = plan.topics.iter().flat_map(|topic| &topic.columns);
    let shown = outputs.chain(plan.datasets.iter().flat_map(|dataset| &dataset.set_aside)).chain(landed);
    let domains: BTreeSet<&str> = shown.flat_map(|shown| shown.treatment.domains()).map(Name::as_str).collect();
    domains.into_iter().collect()
}

/// The domains whose tokens somebody sees.
pub(super) fn vaults(plan: &Plan) -> Vec<&str> {
    let shown = plan.datasets.iter().flat_map(|dataset| &dataset.outputs).flat_map(|output| &output.columns);
    let domains: BTreeSet<&str> = shown.flat_map(|shown| shown.treatment.vaults()).map(Name::as_str).collect();
    domains.into_iter().collect()
}

/// The columns that are selected.
fn extracted(dataset: &DatasetPlan) -> impl Iterator<Item = &Column> {
    dataset.schema.columns.iter().filter(|column| dataset.extract.columns.contains(&column.name))
}

/// How a table is written, and which periods of it.
fn written(write: &WriteMode) -> String {
    match write {
        WriteMode::Replace => "replace: the whole table".into(),
        WriteMode::Merge(merge) => {
            let MergePlan { watermark, lag, deleted, keys } = merge.as_ref();
            let (lag, keys) = (lag.num_seconds(), indented(&select(keys)));
            let deleted = match deleted {
                Deleted::Remove => "removed",
                Deleted::Keep => "kept",
            };
            format!(
                "merge: of these the rows whose {watermark} is at most {lag} s older than the extract that the table knows\n  \
                 keys      {keys}\n{INDENT}a row whose key is not among them is {deleted}"
            )
        }
        WriteMode::ReplacePeriod { by, every, .. } => {
            let periods = write.periods();
            let told = match periods.as_slice() {
                [one] => one.to_string(),
                periods => {
                    let ends = periods.first().zip(periods.last());
                    let ends = ends.map(|(first, last)| format!("{first} to {last}")).unwrap_or_default();
                    format!("{} periods, {ends}; each is asked for by itself", periods.len())
                }
            };
            format!("replace_period by {by}, every {}: {told}", every.as_str())
        }
    }
}

fn source(spec: Option<&SourceSpec>) -> String {
    match spec {
        Some(SourceSpec::Postgres(postgres)) => {
            let unchecked = if postgres.login.trust == Trust::Unchecked { ", unchecked" } else { "" };
            format!("PostgreSQL {} at {}:{}{unchecked}", postgres.database, postgres.host, postgres.port)
        }
        Some(SourceSpec::Files { url }) => format!("files in {}", url.url),
        Some(SourceSpec::RdsExport { url, database }) => format!("RDS export of {database} in {}", url.url),
        Some(SourceSpec::PgDump { url, time_zone }) => format!("pg_dump's folder {}, clock of {time_zone}", url.url),
        Some(SourceSpec::Dump { url, .. }) => format!("dumps in {}", url.url),
        None => "nowhere".into(),
    }
}

/// What of an export or a dump holds a table's rows.
pub(super) fn read(spec: Option<&SourceSpec>, rows: &Rows) -> Option<String> {
    let Rows::Table { table, .. } = rows else { return None };
    match spec? {
        SourceSpec::RdsExport { url, database } => {
            Some(format!("{}/{database}/{table}/", url.url.trim_end_matches('/')))
        }
        SourceSpec::PgDump { url, .. } => {
            Some(format!("the file that {}/toc.dat names for {table}", url.url.trim_end_matches('/')))
        }
        SourceSpec::Postgres(_) | SourceSpec::Files { .. } | SourceSpec::Dump { .. } => None,
    }
}

/// Where a store is, in both clouds, and as whom and under which key it is written.
fn places(store: &StoreSpec, below: &str) -> String {
    let at = |location: &Location| {
        let role = location.role.as_ref().map(|role| format!(", as {role}")).unwrap_or_default();
        let key = location.kms.as_ref().map(|kms| format!(", under {}", kms.key)).unwrap_or_default();
        format!("{}{below}{role}{key}", location.url)
    };
    let second = store.second.as_ref().map(|second| format!(", then {}", at(second))).unwrap_or_default();
    format!("{}{second}", at(&store.primary))
}

fn write_columns(out: &mut String, columns: &[ColumnTreatment]) {
    let kept = columns.iter().filter(|shown| shown.treatment == Treatment::Keep);
    let kept = kept.map(|shown| shown.column.name.as_str()).collect::<Vec<_>>().join(", ");
    let _ = writeln!(out, "{INDENT}kept: {}", if kept.is_empty() { "nothing" } else { &kept });
    for shown in columns.iter().filter(|shown| shown.treatment != Treatment::Keep) {
        let ColumnTreatment { column, treatment } = shown;
        let told = on_one_line(&format!("{treatment}{}", may_lack(treatment)));
        let _ = writeln!(out, "{INDENT}{:<32} {:<10} {told}", column.name, column.class);
    }
}

fn write_reconcile(out: &mut String, plan: &Plan, dataset: &DatasetPlan, reconcile: &ReconcilePlan) {
    let against = source(plan.sources.get(&reconcile.against));
    let _ = writeln!(out, "  against   {} of {} ({against})", reconcile.topic, reconcile.against);
    let (drift, inconclusive) = (reconcile.on_drift.as_str(), reconcile.on_inconclusive.as_str());
    let _ = writeln!(out, "{INDENT}on_drift: {drift}, on_inconclusive: {inconclusive}");
    for (name, because) in extracted(dataset).filter_map(|column| Some((&column.name, untold(column.column_type)?))) {
        let _ = writeln!(out, "{INDENT}{name} is not compared: {because}");
    }
    if !reconcile.wait.is_zero() {
        let _ = writeln!(out, "{INDENT}waits {} s for a stream that is behind", reconcile.wait.num_seconds());
    }
    if let Some(heartbeat) = &reconcile.heartbeat {
        let _ = writeln!(out, "{INDENT}{heartbeat} shows how far the stream has come");
    }
    if !reconcile.window.is_zero() {
        let seconds = reconcile.window.num_seconds();
        let _ = writeln!(out, "{INDENT}by the clock nothing is told within {seconds} s of the extract");
    }
    for (column, tolerance) in &reconcile.tolerate {
        let _ = writeln!(out, "{INDENT}{column} may differ by {}", tolerance.told());
    }
}

/// The fields of JSON that a run may lack.
fn may_lack(treatment: &Treatment) -> String {
    let Treatment::Fields(fields) = treatment else { return String::new() };
    let optional = fields.iter().filter(|field| field.optional).map(|field| field.path.join("."));
    match optional.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => none,
        paths => format!(" (optional: a run may lack {paths})"),
    }
}

/// A text that somebody wrote, on one line: what would move a terminal's cursor, show nothing, or turn the direction of what is read is
/// written as an escape.
fn on_one_line(text: &str) -> String {
    let is_odd = |sign: char| is_unseen(sign) || sign == '\\';
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        if is_odd(sign) { out.extend(sign.escape_default()) } else { out.push(sign) }
    }
    out
}

/// A text of several lines, the later ones set in.
fn indented(text: &str) -> String {
    text.trim_end().replace('\n', &format!("\n{INDENT}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::FieldTreatment;

    #[test]
    fn what_somebody_wrote_moves_no_cursor_and_stays_on_its_line() {
        assert_eq!(on_one_line("status is draft or \u{e9}t\u{e9} \"x\""), "status is draft or \u{e9}t\u{e9} \"x\"");
        assert_eq!(on_one_line("a\nb\tc\r\u{1b}[2J\u{9b}1m"), "a\\nb\\tc\\r\\u{1b}[2J\\u{9b}1m");
        assert_eq!(on_one_line("kept\u{202e}\u{200b}"), "kept\\u{202e}\\u{200b}");
        // Two texts are never shown alike.
        assert_eq!(on_one_line("a\\nb"), "a\\\\nb");
    }

    #[test]
    fn says_which_fields_a_run_may_lack() {
        let field = |path: &str, optional| FieldTreatment {
            path: path.split('.').map(str::to_owned).collect(),
            kind: None,
            treatment: Treatment::Label,
            optional,
        };
        let told = |fields| may_lack(&Treatment::Fields(fields));
        assert_eq!(told(vec![field("a", false)]), "");
        let some = vec![field("a", true), field("b", false), field("c.d", true)];
        assert_eq!(told(some), " (optional: a run may lack a, c.d)");
    }
}
