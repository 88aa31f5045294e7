//! A cluster whose topics a job lands, as `doctor` sees it: the tests' broker, by its guarded doors. Of two topics the login may read one.

use super::world::World;
use super::{ENVIRONMENT, Fault, came, cluster, edit, fault, findings, is_checked, missed, wants};
use crate::ferry::Ferry;
use crate::relay::kafka;
use crate::services::variable;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

const PLACE: &str = "the cluster of source `topics`";

/// A topic that is open to everybody, and one that the login may only ask about.
static TOPICS: OnceLock<[String; 2]> = OnceLock::new();

fn topic(of: usize) -> &'static str {
    &TOPICS.get().expect("topics")[of]
}

/// A file of the broker's TLS.
fn of_broker(name: &str) -> String {
    format!("{}/{name}", variable("NIGHTFERRY_KAFKA_TLS"))
}

/// The tests' broker at one of its doors; the job lands `topic`.
fn guarded(ferry: &Ferry, door: &str, words: &str, topic: &str) {
    cluster(ferry, words);
    edit(ferry, "127.0.0.1:1\"", &format!("{}\"", variable(door)));
    wants(ferry, topic);
}

fn by_password(ferry: &Ferry, ca: &str, topic: &str) {
    let words = format!(
        "ca = \"{ca}\", auth = \"scram-sha-512\", user = \"ferry\", password = {{ env = \"NIGHTFERRY_KAFKA_PASSWORD\" }}"
    );
    guarded(ferry, "NIGHTFERRY_KAFKA_SASL", &words, topic);
}

const FAULTS: &[Fault] = &[
    fault("brokers that nobody can reach", "E-SOURCE-70", PLACE, |_, ferry, _| {
        by_password(ferry, &of_broker("ca.pem"), topic(0));
        edit(ferry, &variable("NIGHTFERRY_KAFKA_SASL"), "localhost:1");
    }),
    fault("a cluster's password that was changed", "E-ACCESS-12", PLACE, |_, ferry, command| {
        by_password(ferry, &of_broker("ca.pem"), topic(0));
        command.env("NIGHTFERRY_KAFKA_PASSWORD", "opensesame-no-more");
    }),
    fault("a cluster that wants to see a certificate", "E-ACCESS-12", PLACE, |_, ferry, _| {
        let words = format!("ca = \"{}\"", of_broker("ca.pem"));
        guarded(ferry, "NIGHTFERRY_KAFKA_MUTUAL", &words, topic(0));
    }),
    fault("brokers whose certificate nobody vouches for", "E-TLS-13", PLACE, |_, ferry, _| {
        by_password(ferry, "ca.pem", topic(0));
    }),
    fault("brokers by another name than their certificate's", "E-TLS-13", PLACE, |_, ferry, _| {
        by_password(ferry, &of_broker("ca.pem"), topic(0));
        edit(ferry, "brokers = \"localhost:", "brokers = \"127.0.0.1:");
    }),
    fault("a topic that the cluster does not have", "E-THERE-14", "no topic `doctor.lacking`", |_, ferry, _| {
        by_password(ferry, &of_broker("ca.pem"), "doctor.lacking");
    }),
    fault("a topic that the login may not read", "E-ACCESS-12", "reading topic", |_, ferry, _| {
        by_password(ferry, &of_broker("ca.pem"), topic(1));
    }),
];

/// Lets the login ask about a topic, and nobody read it who is not the cluster's own.
fn close(topic: &str) {
    let jars = concat!(env!("CARGO_MANIFEST_DIR"), "/target/services/kafka/jars/*");
    let mut java = Command::new("java");
    java.args(["-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-cp", jars, "org.apache.kafka.tools.AclCommand"]);
    java.args(["--bootstrap-server", &variable("NIGHTFERRY_KAFKA"), "--add", "--allow-principal", "User:ferry"]);
    java.args(["--operation", "Describe", "--topic", topic]).stdin(Stdio::null());
    let closed = java.output().expect("java starts");
    assert!(closed.status.success(), "{}", String::from_utf8_lossy(&closed.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_asks_brokers_and_finds_each_fault_of_a_cluster_and_nothing_in_a_sound_one() {
    let topics = [kafka::topic(2, &[]).await, kafka::topic(1, &[]).await];
    close(&topics[1]);
    // A topic may hold something or nothing.
    kafka::write(&topics[1], 0, &kafka::things(0..5, 4000));
    TOPICS.set(topics).expect("once");
    let world = World::new().await;
    for is_filled in [false, true] {
        let ferry = world.project();
        if is_filled {
            kafka::write(topic(0), 0, &kafka::things(0..5, 4000));
        }
        by_password(&ferry, &of_broker("ca.pem"), topic(0));
        let sound = came(&mut world.command(&ferry, &["doctor", "--json"]));
        assert_eq!((sound.code, findings(&sound)), (0, Vec::new()), "{}", sound.err);
        for what in ["brokers", "TLS", "login", "topics", "reading them"] {
            assert!(is_checked(&sound, PLACE, what), "{what}: {}", sound.out);
        }
        assert!(ferry.read(ENVIRONMENT).contains("scram"), "it is a cluster with a login");
    }
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let all: Vec<_> = FAULTS.iter().map(|fault| scope.spawn(|| missed(&world, fault))).collect();
        all.into_iter().filter_map(|one| one.join().expect("looked")).collect()
    });
    world.drop().await;
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), FAULTS.len(), wrong.join("\n"));
}
