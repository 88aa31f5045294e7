//! A project of its own for a test, with the shipped jobs, schemas and fixtures in it, and the real binary run in it.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A project in a folder of its own; the folder goes when this does.
pub struct Ferry {
    folder: tempfile::TempDir,
}

/// What a run of the binary came to.
pub struct Came {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ferry {
    /// The shipped project.
    pub fn shipped() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for part in ["jobs", "schemas", "fixtures/settlements", "fixtures/contracts"] {
            copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(part), &folder.path().join(part));
        }
        Ferry { folder }
    }

    /// A folder with nothing in it.
    pub fn empty() -> Self {
        Ferry { folder: tempfile::tempdir().expect("a folder") }
    }

    /// A project of one dataset `thing` over a file: id is its key, `columns` are the schema's other lines.
    pub fn of_one_file(file: &str, bytes: &[u8], columns: &str, dataset: &str) -> Self {
        let ferry = Ferry::empty();
        ferry.write("in/extract.json", "{\"extracted_at\":\"2026-11-23T01:00:00Z\"}".as_bytes());
        ferry.write(&format!("in/{file}"), bytes);
        let job = format!(
            "name = \"things\"\ndescription = \"Things.\"\nowner = \"Tests\"\n\n[dataset.thing]\nfrom = \"app\"\ntable = \"app.thing\"\nschema = \"thing\"\nto = [\"warehouse\"]\nwrite = \"replace\"\n{dataset}"
        );
        ferry.write("jobs/things.toml", job.as_bytes());
        let schema = format!(
            "description = \"Things.\"\nkey = [\"id\"]\n\n[columns]\nid = {{ type = \"bigint\", class = \"internal\" }}\n{columns}\n"
        );
        ferry.write("schemas/thing.toml", schema.as_bytes());
        ferry.write("jobs/environments/dev.toml", ENVIRONMENT.as_bytes());
        ferry
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, bytes).expect("written");
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|_| panic!("{name} is there"))
    }

    /// Replaces every `from` in a file, of which there must be one.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} has no `{from}`");
        self.write(name, text.replace(from, to).as_bytes());
    }

    /// The binary, to be run in this project.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nightferry"));
        // The word that has these tests write what they expect is the same to the verb `test`.
        command.args(arguments).current_dir(self.root()).stdin(Stdio::null()).env_remove("UPDATE");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Came {
        Came::of(&self.command(arguments).output().expect("the binary starts"))
    }

    /// `run` of a job with its report.
    pub fn report(&self, arguments: &[&str]) -> (Came, Value) {
        let came = self.run(&[&["run"], arguments, &["--json"]].concat());
        let report = serde_json::from_str(&came.out).unwrap_or_else(|_| panic!("no report: {}", came.err));
        (came, report)
    }

    /// Every file below a folder, by its path from there.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let mut found = Vec::new();
        let start = self.path(folder);
        gather(&start, &start, &mut found);
        found.sort();
        found
    }

    /// Whether a table has a version in a store's folder.
    pub fn is_published(&self, table: &str) -> bool {
        self.path(&format!("{table}/_delta_log/00000000000000000000.json")).exists()
    }
}

impl Came {
    pub fn of(output: &Output) -> Self {
        Came {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The lines that say how it ended, without log lines.
    pub fn endings(&self) -> Vec<&str> {
        self.err.lines().filter(|line| line.starts_with("E-")).collect()
    }
}

const ENVIRONMENT: &str = "stamp = \"dev\"\n\n[source.app]\nfiles = { url = \"in\" }\n\n\
    [store.warehouse]\nurl = \"out/warehouse\"\naudience = \"analytics\"\nboundary = \"external\"\n\n\
    [store.restricted]\nurl = \"out/restricted\"\naudience = \"restricted\"\n\n\
    [store.security]\nurl = \"out/security\"\naudience = \"security\"\n\n[secrets]\ntokens = { test_key = true }\n";

/// A folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("copied");
        }
    }
}

fn gather(start: &Path, folder: &Path, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(start, &path, found);
        } else {
            found.push(path.strip_prefix(start).expect("below").to_string_lossy().into_owned());
        }
    }
}
