//! What `deploy/terraform` says, held against the providers' schemas, AWS's own model of Batch, what the binary does and what the README tells.
//!
//! Each test finds nothing in what is shipped and something in every fault that it plants. checkov and `terraform fmt` are `make terraform`.

mod papers;
mod rights;
mod schema;
mod task;
mod terraform;

use std::io::Write;
use std::process::{Command, Stdio};

/// What a script of `tests/readers` says of what it is given.
fn python(script: &str, given: &[u8]) -> String {
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers").join(script);
    let mut child = Command::new(crate::services::variable("NIGHTFERRY_READERS_PYTHON"))
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python");
    child.stdin.take().expect("stdin").write_all(given).expect("written");
    let output = child.wait_with_output().expect("an answer");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("text")
}

/// The binary's sources, without the tests in files of their own.
fn sources() -> String {
    let mut found = String::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true if path.ends_with("tests") => {}
                true => folders.push(path),
                false => found += &std::fs::read_to_string(path).expect("text"),
            }
        }
    }
    found
}
