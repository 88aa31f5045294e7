//! Makes invented worlds of any size, for tests by hand and benchmarks: `cargo run --example generate -- --help`.

mod worlds;

use clap::{ArgGroup, Parser};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use worlds::{Made, Name, Settings, World};

/// Where `--postgres` without a value finds the server.
const ADMIN_URL: &str = "NIGHTFERRY_PG_ADMIN_URL";
/// Where the certificate is when `--ca` does not say.
const CA: &str = "NIGHTFERRY_PG_CA";

/// Makes invented worlds: tables, and the topics that match them.
#[derive(Parser)]
#[command(name = "generate", group = ArgGroup::new("into").required(true).multiple(true).args(["postgres", "files", "topics"]))]
struct Arguments {
    /// Rows of the largest table of each world: settlements.metered_output, contracts.contact.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(worlds::ROWS_MIN..))]
    rows: u64,
    /// The same seed and rows give the same world.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// One world, `settlements` or `contracts`; both without it.
    #[arg(long, value_parser = name)]
    world: Option<Name>,
    /// Load the tables into this server, by a login that may make databases: the worlds' schemas are dropped and made anew.
    /// Without a value, NIGHTFERRY_PG_ADMIN_URL tells the server.
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "")]
    postgres: Option<String>,
    /// Database to load into; each world's own name without it.
    #[arg(long, value_name = "NAME", requires_all = ["postgres", "world"])]
    database: Option<String>,
    /// CA certificate that the server must answer to; without it, NIGHTFERRY_PG_CA tells where it is, and without that the
    /// address decides.
    #[arg(long, value_name = "FILE", requires = "postgres")]
    ca: Option<PathBuf>,
    /// Load this table alone, such as `contracts.contact`.
    #[arg(long, value_name = "TABLE", requires = "postgres", conflicts_with_all = ["topics", "world"])]
    only: Option<String>,
    /// Write the tables as an extract in files, for a run without a server.
    #[arg(long, value_name = "DIR", conflicts_with = "postgres")]
    files: Option<PathBuf>,
    /// Write the topics, as Confluent's S3 sink lays them out. They must not be there.
    #[arg(long, value_name = "DIR")]
    topics: Option<PathBuf>,
    /// Write no topic of this table, such as `settlements.metered_output`: what it holds is older than any topic.
    #[arg(long, value_name = "TABLE", requires = "topics")]
    untold: Option<String>,
    /// For worlds of many millions of rows: tables that are not logged, without a publication, and topics packed as zstd alone.
    #[arg(long)]
    large: bool,
    /// Differences to plant in the topics, in one table of each world.
    #[arg(long, value_name = "K", default_value_t = 0, requires = "topics")]
    differences: u64,
    /// Table that differs, such as `contracts.contact`: then the other world has no differences.
    #[arg(long, value_name = "TABLE", requires = "differences")]
    differing: Option<String>,
}

/// What is told of everything that was made.
#[derive(serde::Serialize)]
struct Told {
    seed: u64,
    rows: u64,
    worlds: BTreeMap<&'static str, Made>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match make(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when even this fails.
            let _ = writeln!(std::io::stderr(), "generate: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn make(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut told = Told { seed: arguments.seed, rows: arguments.rows, worlds: BTreeMap::new() };
    for name in arguments.names()? {
        let world = World::new(name, &arguments.settings(name))?;
        let made = arguments.make(&world).await?;
        told.worlds.insert(name.word(), made);
    }
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&told)?)?;
    Ok(())
}

impl Arguments {
    fn names(&self) -> Result<Vec<Name>, String> {
        let wanted = match &self.only {
            Some(only) => Some(name(split(only).0)?),
            None => self.world,
        };
        Ok(wanted.map_or_else(|| Name::ALL.to_vec(), |name| vec![name]))
    }

    fn settings(&self, name: Name) -> Settings {
        let differing = self.differing.as_deref().map(split);
        let is_elsewhere = differing.is_some_and(|(world, _)| world != name.word());
        Settings {
            seed: self.seed,
            rows: self.rows,
            differences: if is_elsewhere { 0 } else { self.differences },
            differing: differing.map(|(_, table)| table.to_owned()),
            untold: self
                .untold
                .as_deref()
                .map(split)
                .filter(|(world, _)| *world == name.word())
                .map(|(_, table)| table.to_owned()),
            is_large: self.large,
        }
    }

    async fn make(&self, world: &World) -> Result<Made, Box<dyn Error>> {
        let Some(url) = &self.postgres else {
            return Ok(world.write(self.files.as_deref(), self.topics.as_deref())?);
        };
        let admin = self.admin(url)?;
        let database = self.database.as_deref().unwrap_or(world.name().word());
        Ok(match &self.only {
            Some(only) => world.load_table(&admin, database, split(only).1).await?,
            None => world.load(&admin, database, self.topics.as_deref()).await?,
        })
    }

    fn admin(&self, url: &str) -> Result<PgConnectOptions, String> {
        let surroundings =
            || std::env::var(ADMIN_URL).map_err(|_| format!("--postgres has no URL, nor has {ADMIN_URL}"));
        let url = if url.is_empty() { surroundings()? } else { url.to_owned() };
        // The driver's own words could repeat the password.
        let options = PgConnectOptions::from_str(&url).map_err(|_| "the server's URL cannot be read")?;
        Ok(match self.ca.clone().or_else(|| std::env::var_os(CA).map(PathBuf::from)) {
            Some(ca) => options.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert(ca),
            None => options,
        })
    }
}

fn name(word: &str) -> Result<Name, String> {
    Name::ALL.into_iter().find(|name| name.word() == word).ok_or_else(|| "settlements or contracts".into())
}

/// `contracts.contact`
fn split(table: &str) -> (&str, &str) {
    table.split_once('.').unwrap_or(("", table))
}
