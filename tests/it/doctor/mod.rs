//! `doctor` over real servers: nothing in a sound environment, and each of the faults that are planted in one, with how it is mended.
//!
//! ```text
//! world.rs    the sound environment: PostgreSQL, an S3 server with accounts and policies, Azurite
//! cluster.rs  a cluster of Kafka whose topics a job lands
//! between.rs  somebody between the binary and a server, who answers some requests otherwise
//! ```

pub mod between;
#[cfg(feature = "relay")]
mod cluster;
mod world;

use crate::ferry::{Came, Ferry};
use crate::services::variable;
use between::{answer, between};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;
use world::{Gateway, SECRET, World, owners_alone};

const ENVIRONMENT: &str = "jobs/environments/dev.toml";

/// A fault: how it is planted, the id by which it is found, and words of the finding. `beside` are ids of what follows from it.
struct Fault {
    name: &'static str,
    plant: fn(&World, &Ferry, &mut Command),
    id: &'static str,
    says: &'static str,
    beside: &'static [&'static str],
}

const fn fault(
    name: &'static str,
    id: &'static str,
    says: &'static str,
    plant: fn(&World, &Ferry, &mut Command),
) -> Fault {
    Fault { name, plant, id, says, beside: &[] }
}

const fn with(beside: &'static [&'static str], fault: Fault) -> Fault {
    Fault { beside, ..fault }
}

fn edit(ferry: &Ferry, from: &str, to: &str) {
    ferry.edit(ENVIRONMENT, from, to);
}

/// The warehouse alone, behind another endpoint.
fn warehouse_at(world: &World, ferry: &Ferry, endpoint: &str) {
    let text = ferry.read(ENVIRONMENT);
    let own = format!("endpoint = \"{}\"", world.gateway.endpoint);
    ferry.write(ENVIRONMENT, text.replacen(&own, &format!("endpoint = \"{endpoint}\""), 1).as_bytes());
}

/// A cluster whose topics are landed, reached by these words.
fn cluster(ferry: &Ferry, words: &str) {
    let dump = format!(
        "dump = {{ url = \"landed\", layout = \"relay\", cleanup = \"delete\", kafka = {{ brokers = \"127.0.0.1:1\", {words} }} }}"
    );
    edit(ferry, "[secrets]", &format!("[source.topics]\n{dump}\n\n[secrets]"));
}

const KEY: &str = "arn:aws:kms:eu-west-2:111122223333:key/1f0c";

/// The warehouse asks for a key, and S3 says of each object that it is under `said`.
fn under_a_key(world: &World, ferry: &Ferry, said: &'static str) {
    let endpoint = between(&world.gateway.endpoint, move |asked, ask| {
        let mut answer = ask()?;
        if asked.method == "GET" && asked.target.contains("/_nightferry/probe-") {
            let head = String::from_utf8_lossy(&answer.head).into_owned();
            let said = format!("\r\nx-amz-server-side-encryption-aws-kms-key-id: {said}\r\n");
            answer.head = head.replacen("\r\n", &said, 1).into_bytes();
        }
        Some(answer)
    });
    warehouse_at(world, ferry, &endpoint);
    edit(ferry, "audience = \"analytics\"", &format!("kms_key = \"{KEY}\"\naudience = \"analytics\""));
}

/// The job lands a topic of it as well.
fn wants(ferry: &Ferry, topic: &str) {
    let job = ferry.read("jobs/things.toml");
    let topic = format!("[topic.things]\nfrom = \"topics\"\ntopic = \"{topic}\"\nschema = \"thing\"\n");
    ferry.write("jobs/things.toml", format!("{job}\n{topic}").as_bytes());
}

fn rules(world: &World, ferry: &Ferry, rules: &'static str) {
    let endpoint = between(&world.gateway.endpoint, move |asked, ask| match asked.target.contains("lifecycle") {
        true => {
            let body = format!(
                "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{rules}</LifecycleConfiguration>"
            );
            Some(answer("200 OK", "Content-Type: application/xml\r\n", &body))
        }
        false => ask(),
    });
    warehouse_at(world, ferry, &endpoint);
}

const FAULTS: &[Fault] = &[
    // Environments.
    fault("a key that no environment has", "E-FILE-UNKNOWN-KEY", "colour", |_, ferry, _| {
        edit(ferry, "stamp = \"dev\"", "stamp = \"dev\"\ncolour = \"blue\"");
    }),
    fault("a variable that is not set", "E-ENV-VARIABLE", "DOCTOR_NO_HOST", |_, ferry, _| {
        edit(ferry, "host = \"localhost\"", "host = { env = \"DOCTOR_NO_HOST\" }");
    }),
    fault("a password in the file itself", "E-FILE-SECRET", "password", |_, ferry, _| {
        edit(ferry, "password = { file = \"password\" }", "password = \"opensesame\"");
    }),
    fault("a job that names a store that is not there", "E-JOB-STORE", "unknown store", |_, ferry, _| {
        ferry.edit("jobs/things.toml", "to = [\"warehouse\"]", "to = [\"warehous\"]");
    }),
    fault("the stamp of another environment", "E-STAMP-14", "dev", |world, ferry, _| {
        // A night publishes as `dev`; then somebody copies the file for another environment, and forgets the urls.
        assert_eq!(came(&mut world.command(ferry, &["run", "jobs/things.toml", "--progress", "none"])).code, 0);
        edit(ferry, "stamp = \"dev\"", "stamp = \"uat\"");
    }),
    fault("two stores in one folder by a link", "E-ENV-11", "lie in one another by a link", |_, ferry, _| {
        std::fs::create_dir_all(ferry.path("a")).expect("made");
        std::os::unix::fs::symlink(ferry.path("a"), ferry.path("b")).expect("linked");
        for (name, audience) in [("one", "public"), ("two", "analytics")] {
            let folder = if name == "one" { "a" } else { "b" };
            edit(
                ferry,
                "[secrets]",
                &format!("[store.{name}]\nurl = \"{folder}\"\naudience = \"{audience}\"\n\n[secrets]"),
            );
        }
    }),
    // The machine.
    with(
        &["D-DISK"],
        fault("more memory than there is", "D-MEMORY", "memory_max", |_, ferry, _| {
            edit(ferry, "memory_max = \"64MiB\"", "memory_max = \"9000GiB\"");
        }),
    ),
    with(
        &["D-MEMORY"],
        fault("less disk than memory", "D-DISK", "scratch space (TMPDIR) has", |_, ferry, _| {
            edit(ferry, "memory_max = \"64MiB\"", "memory_max = \"9000GiB\"");
        }),
    ),
    with(
        &["E-DISK-51"],
        fault("no scratch space", "D-SCRATCH", "cannot be written", |_, ferry, command| {
            command.env("TMPDIR", ferry.path("nowhere"));
        }),
    ),
    // Stores.
    fault("a bucket that is not there", "E-THERE-14", "the bucket or container", |_, ferry, _| {
        let text = ferry.read(ENVIRONMENT).replacen("s3://sound/", "s3://lacking/", 1);
        ferry.write(ENVIRONMENT, text.as_bytes());
    }),
    fault("nobody at the endpoint", "E-STORE-71", "warehouse", |world, ferry, _| {
        warehouse_at(world, ferry, "http://127.0.0.1:1")
    }),
    fault("a certificate that nobody vouches for", "E-TLS-13", "warehouse", |world, ferry, _| {
        let (certificate, key) = (ferry.path("server.pem"), ferry.path("server.key"));
        let mut openssl = Command::new("openssl");
        openssl.args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ]);
        assert!(
            openssl.arg("-out").arg(&certificate).arg("-keyout").arg(&key).output().expect("openssl").status.success()
        );
        let gateway = Gateway::start(Some((&certificate, &key)));
        warehouse_at(world, ferry, &gateway.endpoint);
        world.more.lock().expect("servers").push(gateway);
    }),
    fault("an authority's file that is not there", "E-TLS-13", "`ca` file cannot be read", |_, ferry, _| {
        edit(ferry, "[store.security]\n", "[store.security]\nca = \"lacking.pem\"\n");
    }),
    fault("an endpoint that sends us elsewhere", "E-REDIRECT-13", "warehouse", |world, ferry, _| {
        let elsewhere = |_: &between::Asked<'_>, _: &dyn Fn() -> _| {
            Some(answer("307 Temporary Redirect", "Location: http://127.0.0.1:1/\r\n", ""))
        };
        let endpoint = between(&world.gateway.endpoint, elsewhere);
        warehouse_at(world, ferry, &endpoint);
    }),
    with(
        &["D-WIDE"],
        fault("a conditional PUT that is none", "E-STORE-14", "warehouse", |world, ferry, command| {
            warehouse_at(world, ferry, &variable("NIGHTFERRY_S3_NOMETA_ENDPOINT"));
            let text = ferry.read(ENVIRONMENT).replacen("s3://sound/", "s3://nightferry-warehouse/", 1);
            ferry.write(ENVIRONMENT, text.as_bytes());
            command
                .env("AWS_ACCESS_KEY_ID", variable("AWS_ACCESS_KEY_ID"))
                .env("AWS_SECRET_ACCESS_KEY", variable("AWS_SECRET_ACCESS_KEY"));
        }),
    ),
    fault("a conditional PUT that two may win", "D-RACES", "more than one is told", |world, ferry, _| {
        // Looks first, and writes then: one after the other nobody sees it.
        let there: Mutex<BTreeSet<String>> = Mutex::default();
        let endpoint = between(&world.gateway.endpoint, move |asked, ask| {
            if asked.method != "PUT" || !asked.head.contains("if-none-match") {
                return ask();
            }
            if there.lock().expect("keys").contains(asked.target) {
                return ask();
            }
            std::thread::sleep(Duration::from_millis(200));
            there.lock().expect("keys").insert(asked.target.to_owned());
            let _ = ask();
            Some(answer("200 OK", "ETag: \"a\"\r\n", ""))
        });
        warehouse_at(world, ferry, &endpoint);
    }),
    fault(
        "a clock that is twenty minutes behind the server's",
        "D-CLOCK",
        "ahead of this machine's",
        |world, ferry, _| {
            let endpoint = between(&world.gateway.endpoint, |_, ask| {
                let mut answer = ask()?;
                let later = (chrono::Utc::now() + chrono::TimeDelta::minutes(20)).format("%a, %d %b %Y %H:%M:%S GMT");
                let head = String::from_utf8_lossy(&answer.head).into_owned();
                let lines = head.split("\r\n").filter(|line| !line.to_lowercase().starts_with("date:"));
                let lines: Vec<&str> = lines.collect();
                answer.head = lines.join("\r\n").replacen("\r\n", &format!("\r\nDate: {later}\r\n"), 1).into_bytes();
                Some(answer)
            });
            warehouse_at(world, ferry, &endpoint);
        },
    ),
    fault("a bucket that everybody may read", "D-OPEN", "store `warehouse` may be read by everybody", |_, ferry, _| {
        let text = ferry.read(ENVIRONMENT).replacen("s3://sound/", "s3://open/", 1);
        ferry.write(ENVIRONMENT, text.as_bytes());
    }),
    fault(
        "a container that everybody may read",
        "D-OPEN",
        "second cloud may be read by everybody",
        |world, ferry, _| {
            edit(ferry, &world.containers[0], &world.containers[1]);
        },
    ),
    fault(
        "a container that everybody may read, of an account that the surroundings name",
        "D-OPEN",
        "second cloud may be read by everybody",
        |world, ferry, command| {
            edit(ferry, &world.containers[0], &world.containers[1]);
            let endpoint = variable("NIGHTFERRY_AZURE_ENDPOINT");
            let (server, account) = endpoint.rsplit_once('/').expect("an account");
            edit(ferry, &format!("\"{endpoint}\""), &format!("\"{server}\""));
            command.env("AZURE_STORAGE_ACCOUNT_NAME", account);
        },
    ),
    fault(
        "rules of a region that the surroundings name",
        "D-UPLOADS",
        "uploads that never ended",
        |world, ferry, command| {
            rules(
                world,
                ferry,
                "<Rule><ID>a</ID><Status>Disabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>",
            );
            edit(ferry, "region = \"eu-west-2\"\n", "");
            command.env("AWS_REGION", "eu-west-2");
        },
    ),
    fault("a container that is not there", "E-THERE-14", "the bucket or container", |world, ferry, _| {
        edit(ferry, &world.containers[0], "lacking");
    }),
    fault(
        "objects that are under another key",
        "D-KMS",
        "is not under the key that `kms_key` names",
        |world, ferry, _| {
            under_a_key(world, ferry, "arn:aws:kms:eu-west-2:111122223333:key/another");
        },
    ),
    fault(
        "objects that go before their class is paid for",
        "D-EARLY",
        "23 days in GLACIER and pays for 90",
        |world, ferry, _| {
            rules(
                world,
                ferry,
                "<Rule><ID>a</ID><Status>Enabled</Status><Filter></Filter><Transition><Days>7</Days><StorageClass>GLACIER</StorageClass></Transition><Expiration><Days>30</Days></Expiration><AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>",
            );
        },
    ),
    fault("uploads that never end and stay", "D-UPLOADS", "uploads that never ended", |world, ferry, _| {
        rules(
            world,
            ferry,
            "<Rule><ID>a</ID><Status>Disabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>",
        );
    }),
    // Roles.
    fault("a role that may not write", "E-ACCESS-12", "warehouse", |_, _, command| {
        command.env("AWS_ACCESS_KEY_ID", "looker");
    }),
    fault("a role that may not take back its probe", "E-ACCESS-12", "warehouse", |_, ferry, _| {
        let text = ferry.read(ENVIRONMENT).replacen("s3://sound/", "s3://kept/", 1);
        ferry.write(ENVIRONMENT, text.as_bytes());
    }),
    fault("a role that may delete a record", "D-WIDE", "a log entry or a record too", |_, _, command| {
        command
            .env("AWS_ACCESS_KEY_ID", variable("AWS_ACCESS_KEY_ID"))
            .env("AWS_SECRET_ACCESS_KEY", variable("AWS_SECRET_ACCESS_KEY"));
    }),
    fault("an AWS key that was changed", "E-ACCESS-12", "warehouse", |_, _, command| {
        command.env("AWS_SECRET_ACCESS_KEY", "opensesame-no-more");
    }),
    fault("an Azure key that was changed", "E-ACCESS-12", "second cloud", |_, _, command| {
        command
            .env("AZURE_STORAGE_ACCOUNT_NAME", "devstoreaccount1")
            .env("AZURE_STORAGE_ACCOUNT_KEY", "b3BlbnNlc2FtZQ==");
    }),
    fault("a database role that may write", "E-ROLE-12", "INSERT on `app.thing`", |world, ferry, _| {
        edit(ferry, &world.role("sound"), &world.role("wide"));
    }),
    fault("a database role that may not read", "E-ACCESS-12", "app", |world, ferry, _| {
        edit(ferry, &world.role("sound"), &world.role("narrow"));
    }),
    fault("a password that was changed", "E-ACCESS-12", "app", |_, ferry, _| {
        ferry.write("password", b"opensesame-no-more");
        owners_alone(&ferry.path("password"), 0o600);
    }),
    fault("a database whose certificate nobody vouches for", "E-TLS-13", "app", |_, ferry, _| {
        edit(ferry, "ca = \"ca.pem\"\n", "");
    }),
    fault("a database that does not answer", "E-SOURCE-70", "app", |_, ferry, _| {
        edit(ferry, &format!("port = {}", variable("NIGHTFERRY_PG_PORT")), "port = 1");
    }),
    fault("a table that is not there", "E-THERE-14", "app.thing", |_, ferry, _| {
        ferry.edit("jobs/things.toml", "table = \"app.thing\"", "table = \"app.things\"");
    }),
    fault("a column that is not there", "E-DRIFT-20", "amounts", |_, ferry, _| {
        ferry.edit("schemas/thing.toml", "amount =", "amounts =");
    }),
    // Keys.
    fault("a key that is not set", "D-SECRET", "`DOCTOR_KEY` is not set", |_, _, command| {
        command.env_remove("DOCTOR_KEY");
    }),
    fault("a key that is too short", "D-KEY", "", |_, _, command| {
        command.env("DOCTOR_KEY", "opensesame");
    }),
    fault("a key that others may read", "D-SECRET", "may be read by others", |_, ferry, _| {
        edit(ferry, "tokens = { env = \"DOCTOR_KEY\" }", "tokens = { file = \"key\" }");
        ferry.write("key", SECRET.repeat(2).as_bytes());
        owners_alone(&ferry.path("key"), 0o640);
    }),
    fault("a password's file that is not there", "E-ENV-11", "password", |_, ferry, _| {
        std::fs::remove_file(ferry.path("password")).expect("gone");
    }),
    fault("a cluster's password that is not set", "D-SECRET", "DOCTOR_NO_PASSWORD", |_, ferry, _| {
        cluster(ferry, "auth = \"scram-sha-512\", user = \"a\", password = { env = \"DOCTOR_NO_PASSWORD\" }");
    }),
    fault("a cluster's key that others may read", "D-SECRET", "may be read by others", |_, ferry, _| {
        cluster(ferry, "client_cert = \"ca.pem\", client_key = { file = \"client.key\" }");
        ferry.write("client.key", SECRET.as_bytes());
        owners_alone(&ferry.path("client.key"), 0o644);
    }),
    fault("a cluster's certificate that is not there", "E-ENV-11", "`client_cert`", |_, ferry, _| {
        cluster(ferry, "client_cert = \"lacking.pem\", client_key = { env = \"DOCTOR_KEY\" }");
    }),
    with(
        &["E-SOURCE-70"],
        fault("a landed topic whose bucket is not there", "E-THERE-14", "source `topics`", |world, ferry, _| {
            cluster(ferry, "ca = \"ca.pem\"");
            let place = format!("s3://lacking/a\", region = \"eu-west-2\", endpoint = \"{}", world.gateway.endpoint);
            edit(ferry, "url = \"landed\"", &format!("url = \"{place}\""));
            wants(ferry, "things\"\nheartbeat = \"beats");
        }),
    ),
    fault("a webhook whose address is not there", "D-SECRET", "DOCTOR_NO_HOOK", |_, ferry, _| {
        edit(
            ferry,
            "[secrets]",
            "[message.nights]\nwebhook = { url = { env = \"DOCTOR_NO_HOOK\" }, body = \"slack\" }\n\n[secrets]",
        );
    }),
];

fn came(command: &mut Command) -> Came {
    Came::of(&command.output().expect("the binary starts"))
}

/// What `doctor` says.
fn findings(came: &Came) -> Vec<BTreeMap<String, String>> {
    let report: Value =
        serde_json::from_str(&came.out).unwrap_or_else(|_| panic!("no report: {}{}", came.out, came.err));
    assert_eq!(report["exit_code"], came.code, "{}", came.out);
    serde_json::from_value(report["findings"].clone()).expect("findings")
}

/// The check that asks without credentials.
const OTHERS: &str = "whether others may look in";

/// Whether `what` of `place` is told to have been looked at.
fn is_checked(came: &Came, place: &str, what: &str) -> bool {
    let report: Value = serde_json::from_str(&came.out).expect("a report");
    let checked = report["checked"].as_array().expect("what was looked at");
    let of = checked.iter().filter(|checked| checked["place"] == place);
    of.flat_map(|checked| checked["what"].as_array().expect("words")).any(|of| of == what)
}

/// What `doctor` says of a planted fault where that is not it, or more than it, or tells a secret.
fn missed(world: &World, fault: &Fault) -> Option<String> {
    let Fault { name, plant, id, says, beside } = fault;
    let ferry = world.project();
    let mut command = world.command(&ferry, &["doctor", "--json"]);
    plant(world, &ferry, &mut command);
    let came = came(&mut command);
    let found = findings(&came);
    let is_it = |finding: &BTreeMap<String, String>| {
        finding["id"] == *id && (finding["message"].contains(says) || finding["place"].contains(says))
    };
    let all_told = found
        .iter()
        .all(|finding| ["place", "message", "mend", "runbook"].iter().all(|part| !finding[*part].is_empty()));
    let has_stranger = found.iter().any(|finding| finding["id"] != *id && !beside.contains(&finding["id"].as_str()));
    let is_secret_told = came.out.contains("opensesame") || came.err.contains("opensesame");
    let is_right = came.code == 1 && found.iter().any(is_it) && all_told && !has_stranger && !is_secret_told;
    (!is_right).then(|| format!("{name}: {} {}{}", came.code, came.out, came.err))
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_every_planted_fault_with_how_it_is_mended_and_nothing_in_a_sound_environment() {
    assert!(FAULTS.len() >= 25);
    let world = World::new().await;
    // Sound: nothing is found, nothing is left, and a night goes well.
    let ferry = world.project();
    let sound = came(&mut world.command(&ferry, &["doctor", "--json"]));
    assert_eq!((sound.code, findings(&sound)), (0, Vec::new()), "{}", sound.err);
    assert_eq!(world.left(), "", "every probe is taken back, in each store and cloud");
    let asked = [OTHERS, "whether the role may delete what no run deletes"];
    assert_eq!(asked.map(|what| is_checked(&sound, "store `warehouse`", what)), [true, true]);
    assert!(is_checked(&sound, "store `warehouse`, second cloud", OTHERS));
    // Who says nothing to strangers was not asked.
    let silent = world.project();
    let nothing = |asked: &between::Asked<'_>, ask: &dyn Fn() -> _| match asked.head.contains("authorization:") {
        true => ask(),
        false => Some(answer("503 Service Unavailable", "", "")),
    };
    warehouse_at(&world, &silent, &between(&world.gateway.endpoint, nothing));
    let silent = came(&mut world.command(&silent, &["doctor", "--json"]));
    assert_eq!((silent.code, is_checked(&silent, "store `warehouse`", OTHERS)), (0, false), "{}", silent.out);
    // A key that is asked for, and that S3 says objects are under.
    let keyed = world.project();
    under_a_key(&world, &keyed, KEY);
    let keyed = came(&mut world.command(&keyed, &["doctor", "--json"]));
    assert_eq!((keyed.code, findings(&keyed)), (0, Vec::new()), "{}", keyed.err);
    assert!(is_checked(&keyed, "store `warehouse`", "the key that objects are under"), "{}", keyed.out);
    let said = came(&mut world.command(&ferry, &["doctor"]));
    assert!(said.out.starts_with("dev · nothing found\n") && said.out.contains("conditional PUT"), "{}", said.out);
    assert_eq!(came(&mut world.command(&ferry, &["run", "jobs/things.toml", "--progress", "none"])).code, 0);
    assert_eq!(came(&mut world.command(&ferry, &["doctor"])).code, 0, "after a night too");
    let next = Mutex::new(FAULTS.iter());
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let looking = || {
            let mut wrong = Vec::new();
            loop {
                let fault = next.lock().expect("faults").next();
                match fault {
                    Some(fault) => wrong.extend(missed(&world, fault)),
                    None => return wrong,
                }
            }
        };
        let all: Vec<_> = (0..6).map(|_| scope.spawn(looking)).collect();
        all.into_iter().flat_map(|one| one.join().expect("looked")).collect()
    });
    world.drop().await;
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), FAULTS.len(), wrong.join("\n"));
}

#[test]
fn doctor_of_the_project_that_is_shipped_finds_nothing_and_leaves_nothing() {
    let ferry = Ferry::shipped();
    let came = ferry.run(&["doctor", "--json"]);
    assert_eq!((came.code, findings(&came)), (0, Vec::new()), "{}", came.out);
    assert_eq!(ferry.files("target"), Vec::<String>::new(), "every probe is taken back");
    let lacking = ferry.run(&["doctor", "--env", "lacking"]);
    assert_eq!(lacking.code, 1, "{}", lacking.out);
    assert!(lacking.out.contains("E-ENV-READ") && lacking.out.contains("mend"), "{}", lacking.out);
    let nowhere = Ferry::empty().run(&["doctor"]);
    assert_eq!(nowhere.code, 14, "{}", nowhere.err);
}
