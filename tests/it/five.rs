//! Five things that hold whatever befalls a night: it ends with its code and its message; nobody sees half of anything; nothing
//! is lost or doubled once it is run again; no value of a person is said or left anywhere.
//!
//! One helper for every fault, whoever it befalls: `befallen` of folders, `faulty` of stores, `nights` and `postgres` of kills and
//! databases.

use crate::ferry::{Came, Ferry};
use nightferry::access::{Purpose, open};
use nightferry::job::Location;
use nightferry::store::rows_of_table;
use std::path::Path;

/// Somebody whose name is in every row, and whom nobody may hear of outside `restricted`.
pub const PERSON: &str = "Quenby Larkspur-Ott";
/// What of the name is looked for, in small letters.
const UNHEARD: [&str; 2] = ["quenby", "larkspur"];

/// A job that something befell on the way from one whole state to another.
pub struct Befallen<'a> {
    pub ferry: &'a Ferry,
    /// What a reader sees before the night, and after it.
    pub before: String,
    pub after: String,
    /// Rows of `nightferry_runs` after it: one for each table and night.
    pub rows_of_runs: usize,
    /// What readers see, in each place where it is published.
    pub shown: &'a dyn Fn() -> Vec<String>,
    /// The table `nightferry_runs` as CSV, in each of them.
    pub runs: &'a dyn Fn() -> Vec<String>,
    /// The binary, where all is well.
    pub run: &'a dyn Fn(&[&str]) -> Came,
    /// The arguments that run the night again.
    pub again: &'a [&'a str],
    /// Its tables in the store `warehouse`.
    pub tables: &'a [&'a str],
}

impl Befallen<'_> {
    /// Holds the five of how it came, and of the next run, after `mend`. `endings` are the messages of which it may end with one;
    /// an empty one is a night that ends well, or is killed.
    pub fn five(&self, came: &Came, endings: &[&str], mend: impl FnOnce()) {
        let said = format!("{} {endings:?}: {}", came.code, came.err);
        // 1, 2: its code, and its message.
        let told: Vec<&str> = came.endings().into_iter().filter_map(|line| line.split(' ').next()).collect();
        if matches!(came.code, -1 | 0) {
            assert!(endings.contains(&"") && told.is_empty(), "{said}");
        } else {
            let code = format!("-{}", came.code);
            assert!(told.iter().any(|id| endings.contains(id) && id.ends_with(&code)), "{said}");
        }
        // 3: every reader sees a whole night, and no new one where it was said that nothing was published.
        let is_unpublished = came.err.contains("safe=\"nothing was published");
        for shown in (self.shown)() {
            assert!(shown == self.before || (shown == self.after && !is_unpublished), "{shown}: {said}");
        }
        heard_by_nobody(self.ferry, came);
        mend();
        // 4: nothing is lost, nothing is doubled.
        let again = (self.run)(self.again);
        assert_eq!(again.code, 0, "{said} and then {}", again.err);
        for shown in (self.shown)() {
            assert_eq!(shown, self.after, "{said}");
        }
        for runs in (self.runs)() {
            assert_eq!(runs.lines().count(), 1 + self.rows_of_runs, "{said}: a row for each table and night: {runs}");
        }
        for table in self.tables {
            let looked = (self.run)(&["table", "verify", &format!("warehouse/{table}")]);
            assert_eq!(looked.code, 0, "{said}: {}{}", looked.out, looked.err);
        }
        // 5: and nobody hears of the person.
        heard_by_nobody(self.ferry, &again);
    }
}

/// Nobody hears of the person: not by what is said, and by no file but the source's own and those of `restricted`.
pub fn heard_by_nobody(ferry: &Ferry, came: &Came) {
    said_of_nobody(came);
    for file in ferry.files("") {
        if ["in/", "out/restricted/", "moved/", "before/"].iter().any(|own| file.starts_with(own)) {
            continue;
        }
        assert!(!hears(&std::fs::read(ferry.path(&file)).expect("a file")), "{file} tells of somebody");
    }
}

/// The same of what is said alone.
pub fn said_of_nobody(came: &Came) {
    assert!(!hears(came.out.as_bytes()) && !hears(came.err.as_bytes()), "{}{}", came.out, came.err);
}

fn hears(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text).to_lowercase();
    UNHEARD.iter().any(|word| text.contains(word))
}

/// A table's rows at a store's url, as CSV; `endpoint` where it is no folder. May be asked for anywhere, also by what is
/// asynchronous.
pub fn rows(url: &str, endpoint: Option<&str>, table: &str) -> String {
    let endpoint = endpoint.map(str::to_owned);
    let region = endpoint.as_ref().map(|_| "eu-west-2".to_owned());
    let location = Location { url: url.to_owned(), region, endpoint, ..Location::default() };
    let read = || {
        let folder = open(&location, Path::new("."), "a place", Purpose::Read).expect("a place");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(rows_of_table(&folder, table)).expect("rows")
    };
    std::thread::scope(|threads| threads.spawn(read).join().expect("no panic"))
}
