//! What the client says by itself, whoever asked it: errors of the whole cluster, how far it has read, how brokers held it back; and
//! what it asks for: the next token.
//!
//! Its log is nobody's: it may quote what it choked on.

use super::account::Tally;
use super::fault::{Meant, answer, meant};
use super::login::Tokens;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::{Broker, Statistics};
use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// An error that is final may still pass: a broker that goes away while somebody logs in says the same. So nothing has to come for
/// this long after it.
const GRACE: Duration = Duration::from_secs(3);
/// How long until it is looked once more whether a refusal stands.
const AGAIN: Duration = Duration::from_secs(10);
/// Alerts of TLS by which a broker refuses the certificate that we show, or misses one. RFC 8446, section 6.
const ALERTS_OF_CERTIFICATES: [u16; 9] = [42, 43, 44, 45, 46, 48, 49, 51, 116];
/// OpenSSL's words before the number of an alert that was received.
const ALERT: &str = "SSL alert number ";

/// What was heard of a client.
#[derive(Default)]
pub struct Heard {
    refusal: Mutex<Option<Refusal>>,
    /// Topic -> partition -> the offset up to which it had read on when it last found no more.
    read: Mutex<HashMap<String, HashMap<i32, i64>>>,
    /// How old the client was when it last told its numbers, in microseconds.
    age: Mutex<i64>,
    tally: Arc<Tally>,
    tokens: Option<Arc<Tokens>>,
}

/// That brokers refused us, or we them, since something last went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What it is about: [`Meant::Refused`] or [`Meant::Tls`].
    pub meant: Meant,
    /// What the client said of it.
    pub code: RDKafkaErrorCode,
    /// Since when, or since it was last looked whether it stands.
    since: Instant,
}

impl Refusal {
    /// Whether it has stood for longer than what passes by itself.
    pub fn stands(&self) -> bool {
        self.since.elapsed() >= GRACE
    }
}

impl Heard {
    /// Nothing yet; what is counted goes into `tally`, and `tokens` are what it shows.
    pub fn new(tally: Arc<Tally>, tokens: Option<Arc<Tokens>>) -> Self {
        Heard { tally, tokens, ..Heard::default() }
    }

    /// The offset up to which the client had read on when it last found no more; `None` where it was not so far yet.
    pub fn read(&self, topic: &str, partition: i32) -> Option<i64> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.get(topic)?.get(&partition).copied()
    }

    /// Whether we were refused since something last went well.
    pub fn refusal(&self) -> Option<Refusal> {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It was looked whether we are refused, and we are not by everybody: it is looked again after a while.
    pub fn put_off(&self) {
        if let Some(refusal) = self.refusal.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            refusal.since = Instant::now() + AGAIN;
        }
    }

    /// Something went well: nobody refuses us, or no longer.
    pub fn went_well(&self) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl ClientContext for Heard {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, error: KafkaError, reason: &str) {
        let Some(code) = answer(&error) else { return };
        let meant = if is_of_our_certificate(reason) { Meant::Refused } else { meant(code) };
        // Everything else follows from what brought the brokers down, and passes.
        if matches!(meant, Meant::Refused | Meant::Tls) {
            let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
            refusal.get_or_insert(Refusal { meant, code, since: Instant::now() });
        }
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        let tokens = self.tokens.as_ref().ok_or("no tokens are shown here")?;
        tokens.next().map_err(|_| "no token could be signed".into())
    }

    fn stats(&self, statistics: Statistics) {
        let mut age = self.age.lock().unwrap_or_else(PoisonError::into_inner);
        let since_ms = u64::try_from(statistics.age - *age).unwrap_or(0) / 1_000;
        *age = statistics.age;
        drop(age);
        for broker in statistics.brokers.values().filter(|broker| is_read_of(broker)) {
            // What is told is of the time since it was told last.
            let throttled = broker.throttle.as_ref().map_or(0, |throttle| throttle.sum);
            self.tally.read(since_ms, u64::try_from(throttled).unwrap_or(0));
        }
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, topic) in statistics.topics {
            let ends = topic.partitions.into_iter().filter(|(_, partition)| partition.eof_offset >= 0);
            read.entry(name).or_default().extend(ends.map(|(number, partition)| (number, partition.eof_offset)));
        }
    }
}

impl ConsumerContext for Heard {}

/// Whether anything was ever fetched from a broker.
fn is_read_of(broker: &Broker) -> bool {
    broker.req.get("Fetch").is_some_and(|count| *count > 0)
}

/// Whether the broker's TLS says that it does not take the certificate that we show.
fn is_of_our_certificate(reason: &str) -> bool {
    let Some((_, rest)) = reason.split_once(ALERT) else { return false };
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().is_ok_and(|alert| ALERTS_OF_CERTIFICATES.contains(&alert))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_about_our_certificate_is_a_refusal_of_us_and_any_other_is_none() {
        let of = |number: u16| {
            format!("ssl/record/rec_layer_s3.c: tlsv13 alert certificate required: SSL alert number {number}: ")
        };
        for number in ALERTS_OF_CERTIFICATES {
            assert!(is_of_our_certificate(&of(number)), "{number}");
        }
        for number in [40, 70, 80, 1164] {
            assert!(!is_of_our_certificate(&of(number)), "{number}");
        }
        assert!(!is_of_our_certificate("SSL alert number") && !is_of_our_certificate("certificate verify failed"));
    }

    #[test]
    fn the_first_refusal_stands_until_something_goes_well() {
        use RDKafkaErrorCode as Code;
        let heard = Heard::default();
        heard.error(KafkaError::Global(Code::BrokerTransportFailure), "gone");
        assert_eq!(heard.refusal(), None);
        heard.error(KafkaError::Global(Code::Authentication), "no");
        heard.error(KafkaError::Global(Code::SSL), "no");
        let refusal = heard.refusal().expect("a refusal");
        assert_eq!((refusal.meant, refusal.code, refusal.stands()), (Meant::Refused, Code::Authentication, false));
        heard.went_well();
        assert_eq!(heard.refusal(), None);
    }
}
