//! Three brokers of a test's own, of which one is killed.

use super::kafka::things;
use super::{ENVIRONMENT, JOB, chain, ferry, landed, refused};
use crate::ferry::Came;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const NODES: usize = 3;
const PATIENCE: Duration = Duration::from_secs(90);

fn java() -> Command {
    let mut command = Command::new("java");
    let jars = concat!(env!("CARGO_MANIFEST_DIR"), "/target/services/kafka/jars/*");
    command.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]);
    command.args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=off", "-cp", jars]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Three brokers, which are their own controllers.
struct Three {
    brokers: String,
    nodes: Vec<(PathBuf, Option<Child>)>,
}

impl Three {
    fn start(folder: &Path) -> Self {
        // Held until all are known, so that no two are the same.
        let held: Vec<TcpListener> =
            (0..2 * NODES).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
        let ports: Vec<u16> = held.iter().map(|held| held.local_addr().expect("a port").port()).collect();
        drop(held);
        let voters: Vec<String> =
            (0..NODES).map(|node| format!("{}@127.0.0.1:{}", node + 1, ports[NODES + node])).collect();
        let cluster = "MkU3OEVBNTcwNTJENDM2Qk";
        let mut nodes = Vec::new();
        for node in 0..NODES {
            let (port, controller) = (ports[node], ports[NODES + node]);
            let logs = folder.join(format!("node-{node}"));
            let text = format!(
                "process.roles=broker,controller\nnode.id={}\ncontroller.quorum.voters={}\n\
                 listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
                 controller.listener.names=CONTROLLER\n\
                 listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\nlog.dirs={}\n\
                 offsets.topic.replication.factor=3\noffsets.topic.num.partitions=1\ngroup.initial.rebalance.delay.ms=0\n\
                 auto.create.topics.enable=false\nreplica.lag.time.max.ms=2000\nunclean.leader.election.interval.ms=1000\n\
                 broker.session.timeout.ms=4000\nbroker.heartbeat.interval.ms=500\n",
                node + 1,
                voters.join(","),
                logs.display()
            );
            let properties = folder.join(format!("node-{node}.properties"));
            std::fs::create_dir_all(folder).expect("made");
            std::fs::write(&properties, text).expect("written");
            let mut format = java();
            format.args(["kafka.tools.StorageTool", "format", "--cluster-id", cluster, "--config"]).arg(&properties);
            assert!(format.status().expect("java starts").success(), "formatted");
            nodes.push((properties, None));
        }
        let brokers: Vec<String> = ports[..NODES].iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let mut three = Three { brokers: brokers.join(","), nodes };
        (0..NODES).for_each(|node| three.go(node));
        three.until("three brokers", |metadata| metadata.brokers().len() == NODES);
        three
    }

    fn go(&mut self, node: usize) {
        let (properties, child) = &mut self.nodes[node];
        *child = Some(java().arg("kafka.Kafka").arg(properties).spawn().expect("java starts"));
    }

    /// Killed, as a machine is that goes away.
    fn kill(&mut self, node: usize) {
        let mut child = self.nodes[node].1.take().expect("it runs");
        child.kill().expect("killed");
        child.wait().expect("gone");
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        config
    }

    fn until(&self, what: &str, is_so: impl Fn(&rdkafka::metadata::Metadata) -> bool) {
        let asks: BaseConsumer = self.config().create().expect("a client");
        let began = Instant::now();
        while !asks.fetch_metadata(None, Duration::from_secs(5)).is_ok_and(|metadata| is_so(&metadata)) {
            assert!(began.elapsed() < PATIENCE, "{what}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    async fn topic(&self, name: &str, partitions: i32, replicas: i32, settings: &[(&str, &str)]) {
        let admin: AdminClient<DefaultClientContext> = self.config().create().expect("a client");
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(replicas));
        let topic = settings.iter().fold(topic, |topic, (key, value)| topic.set(key, value));
        let made = admin.create_topics(&[topic], &AdminOptions::new()).await.expect("asked");
        made[0].as_ref().expect("a topic");
        self.until("leaders", |metadata| {
            let found = metadata.topics().iter().find(|found| found.name() == name);
            found.is_some_and(|found| {
                found.partitions().iter().filter(|one| one.leader() >= 0).count() as i32 == partitions
            })
        });
    }

    fn write(&self, topic: &str, partition: i32, records: u64) {
        let mut config = self.config();
        config.set("enable.idempotence", "true").set("linger.ms", "5");
        let producer: ThreadedProducer<DefaultProducerContext> = config.create().expect("a producer");
        for (key, value) in things(0..records, 4000) {
            let (key, value) = (key.expect("a key"), value.expect("a value"));
            let mut record = Some(BaseRecord::to(topic).partition(partition).key(&key).payload(&value));
            while let Some(next) = record.take() {
                if let Err((_, back)) = producer.send(next) {
                    std::thread::sleep(Duration::from_millis(5));
                    record = Some(back);
                }
            }
        }
        producer.flush(PATIENCE).expect("written");
    }

    /// The epochs of a partition's leaders, each with the first offset under it, as a broker keeps them beside the log.
    fn epochs(&self, node: usize, topic: &str, partition: i32) -> Vec<(i64, i64)> {
        let logs = self.nodes[node].0.with_extension("");
        let noted = std::fs::read_to_string(logs.join(format!("{topic}-{partition}/leader-epoch-checkpoint")));
        let pair = |line: &str| {
            let (epoch, offset) = line.split_once(' ')?;
            Some((epoch.parse().ok()?, offset.parse().ok()?))
        };
        noted.expect("its notes").lines().filter_map(pair).collect()
    }

    /// The node that leads a partition.
    fn leader(&self, topic: &str, partition: i32) -> usize {
        let asks: BaseConsumer = self.config().create().expect("a client");
        let metadata = asks.fetch_metadata(Some(topic), PATIENCE).expect("metadata");
        let leader = metadata.topics()[0].partitions().iter().find(|one| one.id() == partition).expect("it").leader();
        usize::try_from(leader - 1).expect("a leader")
    }
}

impl Drop for Three {
    fn drop(&mut self) {
        for child in self.nodes.iter_mut().filter_map(|(_, child)| child.as_mut()) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[tokio::test]
async fn a_leader_that_is_killed_under_way_is_followed_by_another_and_one_that_has_none_is_waited_for() {
    const RECORDS: u64 = 30_000;
    let (topic, alone) = ("relay.three", "relay.alone");
    let project = ferry(topic, "");
    let mut three = Three::start(&project.path("brokers"));
    three.topic(topic, 3, 3, &[]).await;
    three.topic(alone, 3, 1, &[]).await;
    for partition in 0..3 {
        three.write(topic, partition, RECORDS);
        three.write(alone, partition, 100);
    }
    project.edit(ENVIRONMENT, &super::kafka::brokers(), &three.brokers);
    project.edit(ENVIRONMENT, "[secrets]", "[limits]\npart_max = \"64KiB\"\n\n[secrets]");
    let mut command = project.command(&["relay", JOB]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let objects = || project.files(&format!("landed/{topic}")).iter().filter(|path| path.ends_with(".parquet")).count();
    let began = Instant::now();
    while objects() < 3 {
        assert!(began.elapsed() < PATIENCE, "the first objects");
        std::thread::sleep(Duration::from_millis(1));
    }
    let leader = three.leader(topic, 0);
    three.kill(leader);
    assert!(child.try_wait().expect("asked").is_none(), "it was killed too late");
    let came = Came::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(came.code, 0, "{}", came.err);
    let told = chain(&project, topic);
    for partition in ["0", "1", "2"] {
        let told: &Value = &told[partition];
        let counts = ["records", "once", "next"].map(|count| &told[count]);
        assert_eq!(counts, [&json!(RECORDS); 3], "{told}");
        assert_eq!((&told["whole"], &told["ascending"]), (&json!(true), &json!(true)), "{told}");
    }

    // What is written under the leader that came after is of another epoch, as the brokers' own notes say.
    three.write(topic, 0, 7);
    assert_eq!(landed(&project)["records"], 7);
    let led: Vec<(i64, i64)> = serde_json::from_value(chain(&project, topic)["0"]["epochs"].take()).expect("epochs");
    let noted = three.epochs(three.leader(topic, 0), topic, 0);
    assert!(led.len() > 1 && led.iter().all(|led| noted.contains(led)), "{led:?} of {noted:?}");

    // Of this topic one partition had its only copy on that broker.
    let other = ferry(alone, ", stall_seconds_max = 3");
    other.edit(ENVIRONMENT, &super::kafka::brokers(), &three.brokers);
    let came = refused(&other, 70, "E-SOURCE-70");
    assert!(came.err.contains("asking where partition"), "{}", came.err);
    // The others are landed, and no manifest says that this is all.
    let told = chain(&other, alone);
    let there: Vec<&Value> = told.as_object().expect("partitions").values().map(|told| &told["records"]).collect();
    assert_eq!(there, [&json!(100), &json!(100)], "{told}");
    assert!(!other.path(&format!("landed/{alone}/_runs")).exists(), "one partition is lacking");
    let lag = other.run(&["relay", JOB, "--lag", "--json", "--metrics", "emf"]);
    assert_eq!(lag.code, 0, "{}", lag.err);
    let numbers = crate::metrics::lines(&lag.err);
    let numbers = numbers.iter().find(|line| line["dataset"] == alone).expect("of the topic");
    assert_eq!(numbers["relay_lag_unknown_partitions"], 1.0, "{numbers}");
    assert!(numbers["relay_lag_records"].is_null(), "a sum without what nobody knows: {numbers}");
    let lag: Value = serde_json::from_str(&lag.out).expect("JSON");
    let unknown = lag["partitions"].as_array().expect("partitions").iter().filter(|of| of["lag"].is_null()).count();
    assert_eq!(unknown, 1, "{lag}");
    three.go(leader);
    three.until("the broker is back", |metadata| {
        let found = metadata.topics().iter().find(|found| found.name() == alone);
        found.is_some_and(|found| found.partitions().iter().all(|one| one.leader() >= 0))
    });
    let told = landed(&other);
    assert_eq!((&told["records"], &told["complete"]), (&json!(300), &json!(true)), "{told}");
    assert_eq!(told["found"], 2, "those that were landed without it: {told}");
}

#[tokio::test]
async fn a_broker_that_is_elected_with_less_is_refused_also_once_it_has_outgrown_what_was_landed() {
    let topic = "relay.less";
    let project = ferry(topic, "");
    let mut three = Three::start(&project.path("brokers"));
    let settings = [("unclean.leader.election.enable", "true"), ("min.insync.replicas", "1")];
    three.topic(topic, 1, 2, &settings).await;
    three.write(topic, 0, 10);
    let partition = |metadata: &rdkafka::metadata::Metadata, is_so: &dyn Fn(i32, &[i32]) -> bool| {
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        found.and_then(|found| found.partitions().first()).is_some_and(|one| is_so(one.leader(), one.isr()))
    };
    let node = |id: usize| i32::try_from(id + 1).expect("a node");
    let leader = three.leader(topic, 0);
    let asks: BaseConsumer = three.config().create().expect("a client");
    let metadata = asks.fetch_metadata(Some(topic), PATIENCE).expect("metadata");
    let replicas = metadata.topics()[0].partitions()[0].replicas().to_vec();
    let less = replicas.into_iter().find(|id| *id != node(leader)).expect("another");
    let less = usize::try_from(less - 1).expect("a node");
    drop((metadata, asks));
    three.kill(less);
    three.until("one copy is left", |metadata| partition(metadata, &|_, isr| isr.len() == 1));
    three.write(topic, 0, 5);
    project.edit(ENVIRONMENT, &super::kafka::brokers(), &three.brokers);
    assert_eq!(landed(&project)["records"], 15);
    three.kill(leader);
    three.go(less);
    three.until("who has less leads", |metadata| partition(metadata, &|leader, _| leader == node(less)));
    let came = refused(&project, 26, "E-TOPIC-26");
    assert!(came.err.contains("ends at offset 10, and 15 was to be read next"), "{}", came.err);
    three.write(topic, 0, 20);
    let came = refused(&project, 26, "E-ANEW-26");
    assert!(came.err.contains("partition 0 of topic `relay.less` has another record at offset 10"), "{}", came.err);
    assert_eq!(chain(&project, topic)["0"]["next"], 15);
}
