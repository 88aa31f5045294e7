//! A night that is killed at every kind of call to a store or to the database, before and after it: the five things hold (`five`), and the
//! next run leaves each table with exactly one new version, and in it what the source has, in both clouds.
//!
//! The process kills itself with SIGKILL at a named call (cargo feature `failpoints`, `src/failpoint.rs`). Between two
//! nights the source changes, so that a version that shows another night's rows is found.

use super::RealFerry;
use super::agree::{AtSource, Facts, Published, published};
use crate::ferry::Came;
use crate::five::{Befallen, rows};
use crate::worlds::{Name, Settings};
use bytes::Bytes;
use chrono::{Days, NaiveDate};
use futures::{StreamExt, TryStreamExt};
use nightferry::access::Folder;
use object_store::ObjectStoreExt;
use sqlx::{AssertSqlSafe, PgConnection};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;

/// Every class of store call.
const CALLS: [&str; 18] = [
    "store.get",
    "store.head",
    "store.list",
    "store.delete",
    "store.put.probe",
    "store.put.stamp",
    "store.put.part",
    "store.put.manifest",
    "store.put.record",
    "store.put.log",
    "store.put.runs_part",
    "store.put.runs",
    "store.put.report",
    "store.put.paper",
    "store.put.filed",
    "store.second.part",
    "store.second.manifest",
    "store.second.log",
];
/// Every class of message to the database: nothing is in a store yet, so that one night is killed at all of them.
const MESSAGES: [&str; 14] = [
    "database.open",
    "database.powers",
    "database.begin",
    "database.moment",
    "database.position",
    "database.pulse",
    "database.mark",
    "database.catalog",
    "database.prepare",
    "database.plan",
    "database.parts",
    "database.locks",
    "database.copy",
    "database.message",
];
const SIDES: [&str; 2] = ["before", "after"];
/// In the order of the job: the large one is compared with nothing, the other differs from its topic.
const DATASETS: [&str; 2] = ["metered_output", "difference_payment"];
const JOB: &str = "jobs/kills.toml";
/// Rows that are generated, and limits that make small parts of them, so that there are many store calls: by default, and in
/// a soak.
const SIZES: [(u64, &str); 2] = [
    (50_000, "row_group_rows_max = 2000\npart_rows_max = 4000"),
    (1_000_000, "row_group_rows_max = 25000\npart_rows_max = 50000"),
];

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_every_store_call_leave_one_new_version_that_is_whole() {
    let soak = std::env::var_os("NIGHTFERRY_SOAK").is_some();
    let (rows, limits) = SIZES[usize::from(soak)];
    let real = RealFerry::new(limits);
    real.ferry.write(JOB, job().as_bytes());
    let made = real.lay(Name::Settlements, &Settings { seed: 41, rows, differences: 5, ..Settings::default() }).await;
    let generated: u64 = DATASETS.iter().map(|dataset| made.tables[*dataset].rows).sum();
    assert!(generated >= 50_000, "{generated} rows");
    let mut database = real.databases.connect(Name::Settlements).await;
    let mut nights = Nights::new(&real);

    // The first night of all is killed where a store is claimed; no later night claims one.
    for side in SIDES {
        nights.kill("store.put.stamp", side, 1);
    }
    nights.complete(&mut database).await;
    // What an undisturbed night calls, and how often: the middle one of each class is where it is killed.
    let reached = nights.count(&mut database).await;
    for call in CALLS.into_iter().filter(|call| *call != "store.put.stamp") {
        for side in SIDES {
            let times = reached.get(&format!("{call}:{side}")).copied().unwrap_or(0);
            assert!(times > 0, "no night reaches {call}");
            // Of the tables' commits the second: between the two.
            let nth = if call == "store.put.log" { 2 } else { times.div_ceil(2) };
            nights.kill(call, side, nth);
            nights.complete(&mut database).await;
        }
    }
    for call in MESSAGES {
        for side in SIDES {
            let times = reached.get(&format!("{call}:{side}")).copied().unwrap_or(0);
            assert!(times > 0, "no night reaches {call}");
            // How many sessions there are is not the same each night, but in all of them each row comes once.
            nights.kill(call, side, if call == "database.message" { times.div_ceil(2) } else { 1 });
        }
    }
    // The last message of all: every row has come, and the database has not said so.
    nights.kill("database.message", "before", reached["database.message:before"]);
    nights.complete(&mut database).await;
    nights.tell(&reached);
    nights.are_whole().await;
    drop(nights);
    real.databases.drop().await;
}

/// Nights one after the other, each of a day of its own.
struct Nights<'a> {
    real: &'a RealFerry,
    day: NaiveDate,
    /// What SQL found at the source when each night was completed, by dataset and column.
    expected: Vec<[BTreeMap<String, Facts>; 2]>,
    rows: Vec<[u64; 2]>,
    killed: BTreeMap<String, u64>,
    /// How the last run came.
    came: Option<Came>,
}

impl<'a> Nights<'a> {
    fn new(real: &'a RealFerry) -> Self {
        let day = NaiveDate::from_ymd_opt(2026, 6, 1).expect("a day");
        Nights { real, day, expected: Vec::new(), rows: Vec::new(), killed: BTreeMap::new(), came: None }
    }

    fn command(&self) -> std::process::Command {
        let day = self.day.to_string();
        self.real.ferry.command(&["run", JOB, "--env", "services", "--date", &day, "--json"])
    }

    /// Starts this night's run and has it killed.
    fn kill(&mut self, call: &str, side: &str, nth: u64) {
        let run =
            self.command().env("NIGHTFERRY_KILL", format!("{call}:{side}:{nth}")).output().expect("the binary starts");
        let told = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.signal(), Some(9), "{call}:{side}:{nth} kills (is the feature `failpoints` on?): {told}");
        *self.killed.entry(format!("{call}:{side}")).or_default() += 1;
        self.came = Some(Came::of(&run));
    }

    /// The five things of how the night came, and of its next run, undisturbed; then the source moves on.
    async fn complete(&mut self, database: &mut PgConnection) {
        let (mut expected, mut rows) = ([BTreeMap::new(), BTreeMap::new()], [0, 0]);
        for (place, dataset) in DATASETS.iter().enumerate() {
            let source = AtSource::of(self.real.ferry.root(), JOB, dataset, database).await;
            rows[place] = source.rows(database).await;
            for column in source.columns().filter(|column| !source.is_float(column)) {
                expected[place].insert(column.to_owned(), source.facts(column, database).await);
            }
        }
        self.expected.push(expected);
        self.rows.push(rows);
        self.five();
        let sql = format!(
            "update settlements.metered_output set \"Loss_Adjusted_Metered_Output_MWh\" = \
             \"Loss_Adjusted_Metered_Output_MWh\" + 0.001 where \"Settlement_Period\" = {}",
            self.expected.len() % 46 + 1
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(database).await.expect("the source moves on");
        self.day = self.day + Days::new(1);
    }

    /// What readers see is told as `before` or `after`, by what SQL found at the source then, table by table: each is committed by itself.
    fn five(&mut self) {
        let came = self.came.take().expect("a run");
        let (day, nights) = (self.day.to_string(), self.expected.len());
        let befallen = Befallen {
            ferry: &self.real.ferry,
            before: "before".into(),
            after: "after".into(),
            rows_of_runs: DATASETS.len() * nights,
            shown: &|| self.shown(),
            runs: &|| self.real.places().map(|(url, endpoint)| rows(&url, Some(&endpoint), "nightferry_runs")).to_vec(),
            run: &|arguments| match arguments {
                ["run", ..] => self.real.ferry.run(arguments),
                _ => self.real.ferry.run(&[arguments, &["--env", "services"]].concat()),
            },
            again: &["run", JOB, "--env", "services", "--date", &day, "--json"],
            tables: &DATASETS,
        };
        befallen.five(&came, &[""], || {});
    }

    /// Each table in each cloud.
    fn shown(&self) -> Vec<String> {
        let clouds = ["warehouse", "warehouse (second)"];
        let tables: Vec<(usize, String)> = clouds
            .iter()
            .flat_map(|cloud| (0..DATASETS.len()).map(|place| (place, self.real.table(cloud, DATASETS[place]))))
            .collect();
        let is_there = self.real.are_there(&DATASETS);
        let urls: Vec<String> =
            tables.iter().zip(&is_there).filter(|(_, is)| **is).map(|((_, url), _)| url.clone()).collect();
        let mut seen = if urls.is_empty() { Vec::new() } else { published(&urls) }.into_iter();
        let is_of = |night: Option<usize>, place: usize, seen: &Published| {
            night.is_some_and(|night| {
                let mut columns = self.expected[night][place].iter();
                seen.rows == self.rows[night][place] && columns.all(|(column, facts)| seen.columns[column] == *facts)
            })
        };
        let (after, before) = (self.expected.len() - 1, self.expected.len().checked_sub(2));
        let one = |((place, url), is_there): (&(usize, String), &bool)| match is_there.then(|| seen.next()).flatten() {
            None if before.is_none() => "before".to_owned(),
            Some(seen) if is_of(Some(after), *place, &seen) => "after".to_owned(),
            Some(seen) if is_of(before, *place, &seen) => "before".to_owned(),
            other => format!("{url}: {} rows", other.map_or(0, |seen| seen.rows)),
        };
        tables.iter().zip(&is_there).map(one).collect()
    }

    /// An undisturbed night, and how often it reached each call.
    async fn count(&mut self, database: &mut PgConnection) -> BTreeMap<String, u64> {
        let counts = self.real.ferry.path("counts");
        let run = self.command().env("NIGHTFERRY_KILL_COUNTS", &counts).output().expect("the binary starts");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        self.came = Some(Came::of(&run));
        let mut reached = BTreeMap::new();
        for line in self.real.ferry.read("counts").lines() {
            *reached.entry(line.to_owned()).or_default() += 1;
        }
        // Already published: it changes nothing, and takes the facts of the night.
        self.complete(database).await;
        reached
    }

    fn tell(&self, reached: &BTreeMap<String, u64>) {
        // Past the test harness, which keeps what passing tests print to itself.
        let mut out = std::io::stdout();
        let all: u64 = self.killed.values().sum();
        writeln!(out, "{all} kills before and after each class of call (calls of an undisturbed night):")
            .expect("told");
        for call in CALLS.into_iter().chain(MESSAGES) {
            let [before, after] = SIDES.map(|side| self.killed.get(&format!("{call}:{side}")).copied().unwrap_or(0));
            let calls = reached.get(&format!("{call}:before")).copied().unwrap_or(0);
            writeln!(out, "  {call:<22} killed {before} before, {after} after ({calls} calls)").expect("told");
            assert!(before > 0 && after > 0, "{call}");
        }
    }

    /// Every night's version of every table is what the source had, and both clouds hold the same.
    async fn are_whole(&self) {
        for (place, dataset) in DATASETS.iter().enumerate() {
            let table = self.real.table("warehouse", dataset);
            let versions: Vec<String> = std::iter::once(table.clone())
                .chain((0..self.expected.len()).map(|n| format!("{table}#{n}")))
                .collect();
            let mut seen = published(&versions);
            let newest = seen.remove(0);
            assert_eq!(newest.version + 1, self.expected.len() as u64, "{dataset}: one version a night");
            for (version, seen) in seen.iter().enumerate() {
                assert_eq!(seen.rows, self.rows[version][place], "{dataset} version {version}");
                for (column, expected) in &self.expected[version][place] {
                    assert_eq!(&seen.columns[column], expected, "{dataset} version {version}: {column}");
                }
            }
        }
        let runs = published(&[self.real.table("warehouse", "nightferry_runs")]).remove(0);
        assert_eq!(runs.rows as usize, DATASETS.len() * self.expected.len(), "one row a table and night");
        let [first, second] = self.real.clouds();
        for table in DATASETS.into_iter().chain(["nightferry_runs"]) {
            let (first, second) = (named(&first, table).await, named(&second, table).await);
            assert!(first == second, "{table}: other objects in the second cloud");
        }
    }
}

/// The objects of a table that its log names, and the log.
async fn named(folder: &Folder, table: &str) -> BTreeMap<String, Bytes> {
    let listed: Vec<_> = folder.store().list(Some(&folder.at(table))).try_collect().await.expect("a list");
    let objects = futures::stream::iter(listed).map(|object| async move {
        let bytes = folder.store().get(&object.location).await.expect("an object").bytes().await.expect("its bytes");
        (folder.relative(&object.location).expect("below"), bytes)
    });
    let objects: BTreeMap<String, Bytes> = objects.buffer_unordered(8).collect().await;
    let log: String = objects
        .iter()
        .filter(|(path, _)| path.contains("/_delta_log/"))
        .map(|(_, text)| String::from_utf8_lossy(text).into_owned())
        .collect();
    let is_named =
        |path: &str| path.contains("/_delta_log/") || log.contains(path.split_once('/').expect("a folder").1);
    objects.into_iter().filter(|(path, _)| is_named(path)).collect()
}

fn job() -> String {
    let dataset = |name: &str, rows: &str| {
        format!(
            "\n[dataset.{name}]\nfrom = \"settlements_db\"\n{rows}\nschema = \"{name}\"\nto = [\"warehouse\"]\nwrite = \"replace\"\n"
        )
    };
    [
        "name = \"kills\"\ndescription = \"Nights that are killed.\"\nowner = \"Tests\"\n",
        &dataset(DATASETS[0], "table = \"settlements.metered_output\""),
        &dataset(DATASETS[1], "query = \"jobs/sql/difference_payment.sql\""),
        "\n[dataset.difference_payment.reconcile]\nagainst = \"settlements_topics\"\n\
         topic = \"settlements.settlements.difference_payment\"\non_drift = \"publish\"\n",
    ]
    .concat()
}
