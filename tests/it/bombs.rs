//! Bombs for the running binary: files of a few hundred bytes that say they are gigabytes. It has an address space of its own that
//! has an end, so that whoever believes such a file dies of it; each is to be refused with a code and a message, and no value.

use crate::ferry::{Came, Ferry};
use crate::five::{PERSON, said_of_nobody};
use crate::readers::python;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const MAKER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/bombs.py");
/// KiB of address space, of which the code and the stacks of a debug build take a third: what decodes a gigabyte as a whole does not
/// find room for it.
const ADDRESS_SPACE_KIB: u64 = 1_600 << 10;
/// Bombs that are made by chance, and the seed of that.
const BOMBS: usize = 300;
const SEED: u64 = 7;
/// Each is refused in so much time, on a machine that is busy with others.
const WITHIN: Duration = Duration::from_secs(60);

/// How a run over a bomb ends: by one of these messages and its code. An empty one is a bomb that was none: what it holds is carried.
fn ended(bomb: &Path, endings: &[&str]) -> String {
    let (came, took) = run(bomb);
    let what = format!("{} in {took:?}: {} {}", bomb.display(), came.code, came.err);
    assert!(took < WITHIN, "{what}");
    if came.code == 0 {
        assert!(endings.contains(&""), "{what}");
        return String::new();
    }
    let told = came.endings().into_iter().filter_map(|line| line.split(' ').next());
    let mut of_its_code = told.filter(|id| id.ends_with(&format!("-{}", came.code)));
    of_its_code.find(|id| endings.contains(id)).unwrap_or_else(|| panic!("{what}")).to_owned()
}

/// A run whose only column is its key, a text.
fn run(bomb: &Path) -> (Came, Duration) {
    let (_, kind) = bomb.to_str().and_then(|path| path.rsplit('/').next()?.split_once('.')).expect("a name");
    let ferry = Ferry::of_one_file(&format!("app.thing.{kind}"), &std::fs::read(bomb).expect("a bomb"), "", "");
    ferry.edit("schemas/thing.toml", "type = \"bigint\"", "type = \"text\"");
    ferry.edit("jobs/environments/dev.toml", "[secrets]", "[limits]\nmemory_max = \"64MiB\"\n\n[secrets]");
    let mut command = Command::new("sh");
    command.args([
        "-c",
        &format!("ulimit -v {ADDRESS_SPACE_KIB}; exec \"$0\" \"$@\""),
        env!("CARGO_BIN_EXE_nightferry"),
    ]);
    command.args(["run", "jobs/things.toml", "--json"]).current_dir(ferry.root()).env("NIGHTFERRY_LOG", "trace");
    let began = Instant::now();
    let came = Came::of(&command.env("RUST_BACKTRACE", "full").output().expect("it starts"));
    let took = began.elapsed();
    // A bomb that was none is carried: its column is not of persons.
    said_of_nobody(&came);
    assert!(came.code == 0 || !ferry.is_published("out/warehouse/thing"), "{}", came.err);
    (came, took)
}

fn made(arguments: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    python(&[&[MAKER, folder.path().to_str().expect("a path"), PERSON], arguments].concat());
    folder
}

#[test]
fn what_decodes_to_a_gigabyte_or_nests_millions_deep_is_refused_within_memory() {
    let bombs = made(&[]);
    let size = |name: &str| std::fs::metadata(bombs.path().join(name)).expect("a bomb").len();
    assert!(size("gigabyte.parquet") <= 293, "{} bytes", size("gigabyte.parquet"));
    ended(&bombs.path().join("gigabyte.parquet"), &["E-INPUT-22"]);
    for line in ["line.csv.gz", "line.jsonl.gz"] {
        assert!(size(line) < 2 << 20, "{} bytes", size(line));
        ended(&bombs.path().join(line), &["E-INPUT-22"]);
    }
    // As long as it ends again it is JSON, which a column of text holds as it is.
    for (depth, ending) in [(0, ""), (1, "E-INPUT-22"), (2, ""), (3, "E-INPUT-22")] {
        ended(&bombs.path().join(format!("deep-{depth}.jsonl.gz")), &[ending]);
    }
}

#[test]
fn hundreds_of_bombs_end_with_a_told_error_within_memory() {
    let (seed, count) = (SEED.to_string(), BOMBS.to_string());
    let folder = made(&[&seed, &count]);
    let bombs: Vec<PathBuf> =
        std::fs::read_dir(folder.path()).expect("bombs").map(|e| e.expect("one").path()).collect();
    assert_eq!(bombs.len(), BOMBS);
    let (began, endings) = (Instant::now(), Mutex::new(BTreeMap::<String, usize>::new()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(4);
    std::thread::scope(|scope| {
        for some in bombs.chunks(BOMBS.div_ceil(threads)) {
            let endings = &endings;
            scope.spawn(move || {
                for bomb in some {
                    let told = ended(bomb, &["", "E-INPUT-22", "E-ROWS-22", "E-KEY-22", "E-MEMORY-50", "E-DRIFT-20"]);
                    *endings.lock().expect("counts").entry(told).or_default() += 1;
                }
            });
        }
    });
    let endings = endings.into_inner().expect("counts");
    println!("{BOMBS} bombs in {:.0} s: {endings:?}", began.elapsed().as_secs_f64());
    assert_eq!(endings.values().sum::<usize>(), BOMBS);
}
