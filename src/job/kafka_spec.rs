//! How the cluster of a dump's topics is reached, and for whom the relay lands them.
//!
//! Never in here: a secret, and how a client is made of this (`relay`).

use super::environment_file::Reader;
use super::kafka_login::KafkaAuth;
use super::login_spec::{ClientSpec, Trust, is_loopback};
use super::tree::Node;
use crate::changes::Layout;
use crate::data::Audience;

/// A cluster whose topics are landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaSpec {
    /// Some of its brokers: `host:port`, with commas between.
    pub brokers: String,
    /// Who may see what is landed.
    pub audience: Audience,
    /// How we show who we are.
    pub auth: KafkaAuth,
    /// The certificate that we show, where brokers ask for one.
    pub client: Option<ClientSpec>,
    /// Whether the brokers are verified.
    pub trust: Trust,
    /// PEM file with the CA to trust; the system's roots without it.
    pub ca: Option<String>,
    /// Longest silence, in seconds, of a broker that has records to send.
    pub stall_seconds_max: u64,
    /// Records that cannot be treated, at most, in a run.
    pub dead_letters_max: u64,
}

/// Longest silence where none is said.
const STALL_SECONDS_MAX: u64 = 60;
/// Dead letters where nothing is said.
const DEAD_LETTERS_MAX: u64 = 1_000;

impl Reader<'_> {
    /// The `kafka` table of a dump of this layout. The outer `None`: something is wrong, and told.
    pub(super) fn kafka(&mut self, dump: &Node, layout: Layout) -> Option<Option<KafkaSpec>> {
        let Some(kafka) = dump.get("kafka") else { return Some(None) };
        let before = self.problems.len();
        if layout != Layout::Relay {
            let hint = "`layout = \"relay\"` is the only one that the relay writes";
            self.cluster("E-ENV-KAFKA", kafka, "`kafka` is of a dump that the relay does not write", hint);
        }
        let brokers = self.given(kafka, "brokers")?;
        let hosts = brokers.split(',').map(|broker| broker.trim().rsplit_once(':'));
        let hosts: Option<Vec<&str>> = hosts.map(|broker| broker.filter(is_broker).map(|(host, _)| host)).collect();
        let at = kafka.get("brokers").unwrap_or(kafka);
        if hosts.is_none() {
            self.cluster("E-ENV-KAFKA", at, "`brokers` is no list of host:port", "such as b-1.example.org:9094");
        }
        let insecure = kafka.get("insecure").filter(|insecure| insecure.truth() == Some(true));
        if let Some(insecure) = insecure {
            if !hosts.unwrap_or_default().into_iter().all(is_loopback) {
                let hint = "only localhost, 127.0.0.1 and ::1 may be spoken to without TLS; elsewhere give its `ca`";
                self.cluster("E-ENV-INSECURE", insecure, "`insecure` is for a cluster on this machine alone", hint);
            }
            for key in ["ca", "client_cert"] {
                if let Some(node) = kafka.get(key) {
                    let message = format!("`{key}` is looked at by nobody where `insecure` is true");
                    self.cluster("E-ENV-INSECURE", node, &message, "leave one of the two out");
                }
            }
            if let Some(auth) = kafka.get("auth") {
                let message = "a login needs TLS that is checked";
                self.cluster("E-ENV-INSECURE", auth, message, "leave `insecure` out");
            }
        }
        let (auth, client) = (self.kafka_auth(kafka), self.kafka_client(kafka));
        let word = kafka.get("audience").and_then(Node::text);
        let whole = |key: &str| kafka.get(key).and_then(Node::whole).and_then(|number| u64::try_from(number).ok());
        let spec = KafkaSpec {
            audience: Audience::ALL
                .into_iter()
                .find(|audience| word == Some(audience.as_str()))
                .unwrap_or(Audience::Restricted),
            auth: auth?,
            client: client?,
            trust: if insecure.is_some() { Trust::Unchecked } else { Trust::Verified },
            stall_seconds_max: whole("stall_seconds_max").unwrap_or(STALL_SECONDS_MAX),
            dead_letters_max: whole("dead_letters_max").unwrap_or(DEAD_LETTERS_MAX),
            ca: self.given(kafka, "ca"),
            brokers,
        };
        (self.problems.len() == before).then_some(Some(spec))
    }

    fn cluster(&mut self, id: &'static str, node: &Node, message: &str, hint: &str) {
        self.problems.add(id, self.text.place(node.span.start), message, Some(hint.into()));
    }
}

fn is_broker((host, port): &(&str, &str)) -> bool {
    !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
}
