//! A database whose settings are as unlike psql's own as they can be, and psql as the independent road to what is in it.

use super::cases::SETUP;
use crate::services::variable;
use std::io::Write;
use std::process::{Command, Stdio};

/// What changes how values are printed. psql is told otherwise; nightferry has to see to it itself.
const SETTINGS: &[&str] = &[
    "IntervalStyle = 'sql_standard'",
    "DateStyle = 'SQL, DMY'",
    "TimeZone = 'Asia/Kathmandu'",
    "extra_float_digits = -15",
    "bytea_output = 'escape'",
    "quote_all_identifiers = on",
    "xmlbinary = 'hex'",
];

/// The settings under which the documented text is printed.
const OPTIONS: &str = "-c IntervalStyle=postgres -c DateStyle=ISO -c TimeZone=UTC -c extra_float_digits=1 -c bytea_output=hex \
                       -c quote_all_identifiers=off -c client_min_messages=error";

/// A database of a test's own. Its server lives no longer than the tests, so a failed test may leave it.
pub struct Database {
    name: String,
}

impl Database {
    pub fn lay() -> Self {
        let name = format!("types_{}", uuid::Uuid::now_v7().simple());
        let settings: String =
            SETTINGS.iter().map(|setting| format!("ALTER DATABASE {name} SET {setting};\n")).collect();
        psql(
            &Self::address("postgres"),
            &format!(
                "CREATE DATABASE {name} TEMPLATE template0;\nREVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC;\n{settings}"
            ),
        );
        let database = Database { name };
        database.admin(SETUP);
        database
    }

    /// Runs statements as the owner.
    pub fn admin(&self, sql: &str) {
        psql(&Self::address(&self.name), sql);
    }

    /// Of those extensions, the ones that the server has; they are created.
    pub fn extensions(&self, names: &[&str]) -> Vec<String> {
        let list = names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
        let found = self.printed(&format!("SELECT name FROM pg_available_extensions WHERE name IN ({list})"));
        let found: Vec<String> = found.into_iter().map(|row| row[0].clone().unwrap()).collect();
        found.iter().for_each(|name| self.admin(&format!("CREATE EXTENSION {name}")));
        found
    }

    /// The rows of a SELECT as psql prints them to the role that nightferry reads with. NULL is `None`.
    pub fn printed(&self, select: &str) -> Vec<Vec<Option<String>>> {
        let (user, host, port) =
            (variable("NIGHTFERRY_PG_USER"), variable("NIGHTFERRY_PG_HOST"), variable("NIGHTFERRY_PG_PORT"));
        let printed =
            psql(&format!("postgres://{user}@{host}:{port}/{}", self.name), &format!("COPY ({select}) TO STDOUT"));
        let cell = |cell: &str| (cell != "\\N").then(|| unescaped(cell));
        printed.lines().map(|line| line.split('\t').map(cell).collect()).collect()
    }

    /// An environment that reads it and publishes to folders.
    pub fn environment(&self) -> String {
        let login = ["host", "port", "user", "password", "ca"]
            .map(|part| format!("{part} = {{ env = \"NIGHTFERRY_PG_{}\" }}\n", part.to_uppercase()));
        let stores = ["warehouse", "restricted", "security"].map(|store| {
            let audience = if store == "warehouse" { "analytics" } else { store };
            format!("[store.{store}]\nurl = \"out/{store}\"\naudience = \"{audience}\"\n\n")
        });
        let (login, stores) = (login.concat(), stores.concat());
        format!("stamp = \"dev\"\n\n[source.app.postgres]\ndatabase = \"{}\"\n{login}\n{stores}", self.name)
    }

    fn address(database: &str) -> String {
        format!("{}/{database}", variable("NIGHTFERRY_PG_ADMIN_URL"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            psql(&Self::address("postgres"), &format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

fn psql(address: &str, sql: &str) -> String {
    let mut psql = Command::new(format!("{}/psql", variable("NIGHTFERRY_PG_BIN")));
    psql.args(["-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", address, "-f", "-"])
        .env("PGPASSWORD", variable("NIGHTFERRY_PG_PASSWORD"))
        .env("PGSSLMODE", "verify-full")
        .env("PGSSLROOTCERT", variable("NIGHTFERRY_PG_CA"))
        .env("PGOPTIONS", OPTIONS)
        .env("PGCLIENTENCODING", "UTF8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = psql.spawn().expect("psql starts");
    let mut input = running.stdin.take().unwrap();
    let sql = format!("{sql};\n");
    let writing = std::thread::spawn(move || input.write_all(sql.as_bytes()));
    let output = running.wait_with_output().expect("psql ends");
    writing.join().unwrap().expect("psql takes the SQL");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A cell of COPY's text form. Source: PostgreSQL 15, COPY, "Text Format".
fn unescaped(cell: &str) -> String {
    let mut out = String::with_capacity(cell.len());
    let mut signs = cell.chars();
    while let Some(sign) = signs.next() {
        out.push(match sign {
            '\\' => match signs.next().expect("an escape") {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\u{b}',
                other => other,
            },
            sign => sign,
        });
    }
    out
}
