//! A night that is told to stop while it sends a part, or a plain copy in pieces: nothing of what it had begun stays open in the store,
//! where nobody sees it and everybody pays for it.

use super::server::{Fault, Script, Server};
use super::{AFTER, BEFORE, ENDPOINTS, EXTRACT, JOB, extract, project, run, seen, with};
use crate::ferry::{Came, Ferry};
use crate::five::Befallen;
use crate::readers::python;
use crate::services::variable;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The uploads in pieces that are open in a bucket below a prefix, by somebody else's client; and, so that none is not said of a server
/// that lists none, the same after it opened one, and after it gave that up.
const OPEN: &str = r#"
import sys, botocore.session, botocore.config
endpoint, bucket, prefix = sys.argv[1:]
config = botocore.config.Config(s3={"addressing_style": "path"})
s3 = botocore.session.get_session().create_client("s3", region_name="eu-west-2", endpoint_url=endpoint, config=config)
def count():
    return len(s3.list_multipart_uploads(Bucket=bucket, Prefix=prefix).get("Uploads", []))
found = [count()]
one = s3.create_multipart_upload(Bucket=bucket, Key=prefix + "one")["UploadId"]
found.append(count())
s3.abort_multipart_upload(Bucket=bucket, Key=prefix + "one", UploadId=one)
found.append(count())
print(*found)
"#;

/// A night that is told to stop once the server has befallen it, within `patience`; and how long it took to end then.
fn told_to_stop(mut command: Command, server: &Server, patience: Duration) -> (Came, Duration) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let began = Instant::now();
    while server.befallen().is_empty() {
        assert!(began.elapsed() < patience, "nothing is ever sent");
        std::thread::sleep(Duration::from_millis(5));
    }
    let told_at = Instant::now();
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill starts");
    assert!(told.success(), "it is still there");
    (Came::of(&child.wait_with_output().expect("it ends")), told_at.elapsed())
}

#[test]
fn a_night_that_is_told_to_stop_in_the_middle_of_an_upload_leaves_none_open() {
    let (ferry, own) = project();
    let there = ENDPOINTS.map(|[_, real]| variable(real));
    let well = run(&ferry, "2026-11-20", &there);
    assert_eq!(well.code, 0, "{}", well.err);
    ferry.write(EXTRACT, extract(AFTER).as_bytes());
    // Parts are sent, and the answers do not come: told to stop now, it is in the middle of an upload.
    let (methods, path): (&[&str], _) = (&["PUT", "POST"], ".parquet");
    let faults = vec![Fault::DoneThenSilent];
    let server = Server::before(&there[0], Script { faults, methods, path, one_in: 1, most: 1_000, seed: 5 });
    let mut command = ferry.command(&["run", JOB, "--date", "2026-11-21", "--progress", "none"]);
    command.env(ENDPOINTS[0][0], server.endpoint(&there[0])).env(ENDPOINTS[1][0], &there[1]);
    let (came, took) = told_to_stop(command, &server, Duration::from_secs(30));
    assert!(took < Duration::from_secs(25), "{took:?}");
    let prefix = format!("{own}/");
    for bucket in ["nightferry-warehouse", "nightferry-restricted", "nightferry-security"] {
        let counted = python(&["-c", OPEN, &there[0], bucket, &prefix]);
        assert_eq!(counted.trim(), "0 1 0", "{bucket}: {}", came.err);
    }
    drop(server);
    let befallen = Befallen {
        ferry: &ferry,
        before: BEFORE.to_owned(),
        after: AFTER.to_owned(),
        rows_of_runs: 2,
        shown: &|| seen(&own, "thing").into(),
        runs: &|| seen(&own, "nightferry_runs").into(),
        run: &|arguments| with(&ferry, arguments, &there),
        again: &["run", JOB, "--date", "2026-11-21", "--progress", "none"],
        tables: &["thing"],
    };
    befallen.five(&came, &["E-STOP-73"], || {});
}

/// Rows whose copy is larger than the 16 MiB that are sent in one piece: letters of which no format makes much less.
fn noise() -> Vec<u8> {
    let (mut text, mut state) = (b"id,note\n".to_vec(), 7_u64);
    for id in 0..36_000 {
        text.extend(format!("{id},").as_bytes());
        text.extend((0..1_000).map(|_| {
            // Knuth's MMIX; the upper half of its numbers is the random one.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            b'a' + ((state >> 33) % 26) as u8
        }));
        text.push(b'\n');
    }
    text
}

#[test]
fn a_night_that_is_told_to_stop_in_the_middle_of_a_plain_copy_in_pieces_leaves_none_open() {
    let columns = "note = { type = \"text\", class = \"open\" }";
    let ferry = Ferry::of_one_file("app.thing.csv", &noise(), columns, "plain_copy = true\n");
    let (own, there) = (uuid::Uuid::now_v7(), ENDPOINTS.map(|[_, real]| variable(real)));
    let place = format!(
        "url = \"s3://nightferry-warehouse/{own}\"\nregion = \"eu-west-2\"\nendpoint = {{ env = \"FAULTY_S3\" }}"
    );
    ferry.edit("jobs/environments/dev.toml", "url = \"out/warehouse\"", &place);
    // Its first piece is sent, and the answer does not come.
    let (methods, path): (&[&str], _) = (&["PUT"], "/plain/thing/all.parquet");
    let faults = vec![Fault::DoneThenSilent];
    let server = Server::before(&there[0], Script { faults, methods, path, one_in: 1, most: 1_000, seed: 5 });
    let mut command = ferry.command(&["run", JOB, "--date", "2026-11-20", "--progress", "none"]);
    command.env(ENDPOINTS[0][0], server.endpoint(&there[0]));
    let (came, took) = told_to_stop(command, &server, Duration::from_secs(180));
    // A container has 30 seconds.
    assert!(took < Duration::from_secs(28), "{took:?}");
    assert_eq!(came.code, 73, "{}", came.err);
    let asked = server.asked();
    let is_of = |method: &str, part: &str| {
        asked.iter().any(|asked| asked.method == method && asked.target.contains(path) && asked.target.contains(part))
    };
    assert!(is_of("POST", "uploads") && is_of("PUT", "partNumber=1"), "it is no copy in pieces");
    assert!(is_of("DELETE", "uploadId"), "it is never aborted: {}", came.err);
    let counted = python(&["-c", OPEN, &there[0], "nightferry-warehouse", &format!("{own}/")]);
    assert_eq!(counted.trim(), "0 1 0", "{}", came.err);
    drop(server);
    // The next one makes it.
    let well = run(&ferry, "2026-11-20", &there);
    assert_eq!(well.code, 0, "{}", well.err);
    let looked = with(&ferry, &["table", "verify", "warehouse/thing"], &there);
    let is_whole = looked.out.contains("its plain copy is whole: 1 object");
    assert!(looked.code == 0 && is_whole, "{}{}", looked.out, looked.err);
}
