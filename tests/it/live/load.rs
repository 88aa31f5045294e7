//! Four writers that do what applications do, and what makes a comparison hard: rows that change their key, long values that an
//! update does not touch, transactions that stay open while later ones commit, savepoints, and what is rolled back.

use super::server::run;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Rows that every writer changes.
pub const SHARED: u64 = 40;
/// Rows that have their history behind them.
const STILL: u64 = 60;
/// The first of them.
pub const FIRST_STILL: u64 = 1_000;
/// Transactions of a writer between two extracts, after which it slows down: what there is to read depends little on the machine.
const AT_ONCE: u64 = 30;
/// Rows of one writer, about.
const OWN: usize = 40;

/// `external`: a long body is put aside as it is, so that an update that does not touch it leaves it out of the log.
pub const TABLES: &str = "create table app.ledger (id bigint primary key, amount numeric(14,2) not null, rate numeric(20,8) not null,
    wide numeric not null, fee money not null, share double precision not null, ratio real not null, is_live boolean, day date,
    at timestamptz, local timestamp, clock time, note text, body text, doc jsonb, tag uuid, code char(6), bytes bytea);
  alter table app.ledger alter body set storage external;
  create table app.queue (id bigint primary key, note text);";

/// The ledger's columns, as a schema declares them.
pub const LEDGER: [(&str, &str); 18] = [
    ("id", "bigint"),
    ("amount", "numeric(14,2)"),
    ("rate", "numeric(20,8)"),
    ("wide", "numeric"),
    ("fee", "money"),
    ("share", "double precision"),
    ("ratio", "real"),
    ("is_live", "boolean"),
    ("day", "date"),
    ("at", "timestamptz"),
    ("local", "timestamp"),
    ("clock", "time"),
    ("note", "text"),
    ("body", "text"),
    ("doc", "jsonb"),
    ("tag", "uuid"),
    ("code", "char(6)"),
    ("bytes", "bytea"),
];

/// Numbers that look random and are the same for the same seed (SplitMix64).
#[derive(Clone)]
pub struct Draws(pub u64);

impl Draws {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn once_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    /// One of those that are there; NULL where the first says so.
    fn maybe(&mut self, value: String) -> String {
        if self.once_in(9) { "null".into() } else { value }
    }

    /// The values of a row behind its key.
    fn row(&mut self) -> String {
        let mut n = || self.below(2_000_000) as i64 - 1_000_000;
        let (amount, rate, wide, fee, share, ratio) = (n(), n(), n(), n(), n(), n());
        let money = format!(
            "{amount} / 100.0, {rate} / 10000.0, {wide}::numeric(12,{}) / 8, ({fee} / 100.0)::numeric::money",
            wide.rem_euclid(5)
        );
        let floats = format!("{share}::float8 / 7, {ratio}::real / 7, ");
        let micros = self.below(50_000_000_000_000);
        let at = self.maybe(format!("timestamptz '2025-01-01 00:00Z' + {micros} * interval '1 microsecond'"));
        let local = self.maybe(format!("timestamp '2025-01-01' + {micros} * interval '1 microsecond'"));
        let clock = self.maybe(format!("time '00:00' + {} * interval '1 microsecond'", micros % 86_400_000_000));
        let day = self.maybe(format!("date '2025-01-01' + {}", micros % 500));
        let is_live = self.maybe(self.clone().once_in(2).to_string());
        let note = self.note();
        let body = self.body();
        let doc = format!("'{{\"n\": {micros}, \"a\": [1, 2.50, \"é\"]}}'");
        let rest = format!("gen_random_uuid(), 'c{}', decode(md5('{micros}'), 'hex')", micros % 1000);
        format!("{money}, {floats}{is_live}, {day}, {at}, {local}, {clock}, {note}, {body}, {doc}, {rest}")
    }

    fn note(&mut self) -> String {
        let number = self.below(1_000_000);
        match self.below(8) {
            0 => "null".into(),
            1 => "''".into(),
            2 => format!("E'line {number}\\nand \"another\" \\\\ ^ \\t é'"),
            _ => format!("'note {number}'"),
        }
    }

    /// Short, or too long to stay in its row.
    fn body(&mut self) -> String {
        let number = self.below(1_000_000_000);
        match self.below(3) {
            0 => format!("'short {number}'"),
            _ => {
                format!("(select string_agg(md5('{number}' || i), '') from generate_series(1, {}) i)", 68 + number % 20)
            }
        }
    }
}

/// Writers under way.
pub struct Load {
    stop: Arc<AtomicBool>,
    /// Transactions after which a writer slows down.
    quick: Arc<AtomicU64>,
    writers: Vec<JoinHandle<u64>>,
}

impl Load {
    /// Rows that all may change, rows that nobody changes any more, and then four writers.
    pub async fn start(options: &PgConnectOptions, seed: u64) -> Self {
        let mut draws = Draws(seed);
        let mut first = options.connect().await.expect("a connection");
        for id in 1..=SHARED {
            run(&mut first, &format!("insert into app.ledger values ({id}, {})", draws.row())).await;
        }
        for id in FIRST_STILL..FIRST_STILL + STILL {
            let sql = format!(
                "insert into app.ledger values ({id}, {}); update app.ledger set amount = amount + 1 where id = {id};",
                draws.row()
            );
            run(&mut first, &sql).await;
        }
        first.close().await.expect("closed");
        let (stop, quick) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let writers = (1..=4).map(|number| {
            let writer = Writer { draws: Draws(seed ^ number << 32), rows: Vec::new(), next: number * 1_000_000 };
            tokio::spawn(writer.write(options.clone(), Arc::clone(&stop), Arc::clone(&quick)))
        });
        let writers = writers.collect();
        Load { stop, quick, writers }
    }

    /// Lets them be quick for a while.
    pub fn go_on(&self) {
        self.quick.fetch_add(AT_ONCE, Ordering::Relaxed);
    }

    /// Ends them: transactions that each committed.
    pub async fn stop(self) -> Vec<u64> {
        self.stop.store(true, Ordering::Relaxed);
        let mut committed = Vec::new();
        for writer in self.writers {
            committed.push(writer.await.expect("a writer"));
        }
        committed
    }
}

struct Writer {
    draws: Draws,
    /// Rows that are this writer's alone.
    rows: Vec<u64>,
    next: u64,
}

impl Writer {
    async fn write(mut self, options: PgConnectOptions, stop: Arc<AtomicBool>, quick: Arc<AtomicU64>) -> u64 {
        let mut connection = options.connect().await.expect("a connection");
        let mut committed = 0;
        while !stop.load(Ordering::Relaxed) {
            let before = self.rows.clone();
            run(&mut connection, "begin").await;
            let some = self.some();
            run(&mut connection, &some).await;
            if self.draws.once_in(7) {
                // It has its number by now, and others begin and end meanwhile.
                tokio::time::sleep(Duration::from_millis(40 + self.draws.below(400))).await;
            }
            let last = self.shared();
            run(&mut connection, &last).await;
            if self.draws.once_in(12) {
                run(&mut connection, "rollback").await;
                self.rows = before;
            } else {
                run(&mut connection, "commit").await;
                committed += 1;
            }
            let pause = if committed < quick.load(Ordering::Relaxed) { self.draws.below(120) } else { 400 };
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        connection.close().await.expect("closed");
        committed
    }

    fn id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Changes to rows of its own.
    fn some(&mut self) -> String {
        let mut sql = String::new();
        for _ in 0..=self.draws.below(5) {
            if self.rows.len() < OWN && self.draws.once_in(2) || self.rows.is_empty() {
                let id = self.id();
                self.rows.push(id);
                let _ = write!(sql, "insert into app.ledger values ({id}, {});", self.draws.row());
                continue;
            }
            let at = self.draws.below(self.rows.len() as u64) as usize;
            let id = self.rows[at];
            let number = self.draws.below(1_000_000);
            match self.draws.below(10) {
                0 => {
                    self.rows.swap_remove(at);
                    let _ = write!(sql, "delete from app.ledger where id = {id};");
                }
                1 => {
                    // Gone, and there again under the same key.
                    let _ = write!(
                        sql,
                        "delete from app.ledger where id = {id}; insert into app.ledger values ({id}, {});",
                        self.draws.row()
                    );
                }
                2 => {
                    // A long body would be left out of the row's event under its new key: `values.rs`.
                    let new = self.id();
                    self.rows[at] = new;
                    let _ = write!(sql, "update app.ledger set body = 'moved {number}', id = {new} where id = {id};");
                }
                3 => {
                    let body = self.draws.body();
                    let _ = write!(sql, "update app.ledger set body = {body} where id = {id};");
                }
                4 => {
                    let _ = write!(
                        sql,
                        "savepoint s; update app.ledger set amount = 0, note = 'never' where id = {id}; rollback to s;"
                    );
                }
                5 => {
                    let first = self.next - self.next % 1_000_000;
                    let _ = write!(
                        sql,
                        "update app.ledger set rate = {number} / 1000.0 where id between {first} and {id} and id % 11 = 0;"
                    );
                }
                _ => {
                    let note = self.draws.note();
                    let _ =
                        write!(sql, "update app.ledger set amount = {number} / 100.0, note = {note} where id = {id};");
                }
            }
        }
        sql
    }

    /// One row of those that all change, so that nobody waits in a circle; and something for the queue.
    fn shared(&mut self) -> String {
        let (id, number) = (1 + self.draws.below(SHARED), self.draws.below(1_000_000));
        let mut sql =
            format!("update app.ledger set amount = {number} / 100.0, share = {number} / 3.0 where id = {id};");
        if self.draws.once_in(3) {
            let id = self.id();
            let _ = write!(sql, "insert into app.queue values ({id}, 'queued {number}');");
        }
        sql
    }
}
