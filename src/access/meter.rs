//! What was asked of a place: every request as it is sent, a retry too, by what it is billed as.
//!
//! Counted below `object_store`, where one call has become the requests that it takes: pages of a listing, parts of an upload, tries. A
//! folder of this machine is asked nothing, and neither is anybody counted who hands out credentials.
//!
//! Never in here: prices, and what a request was about.

use super::straight::Straight;
use crate::cost::Requests;
use chrono::{DateTime, TimeDelta, Utc};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Counts what is asked of one place. Its clones count together.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    puts: AtomicU64,
    lists: AtomicU64,
    gets: AtomicU64,
    deletes: AtomicU64,
    bytes_sent: AtomicU64,
    /// Milliseconds by which the server's clock was ahead of ours when it last told; the least number where it has not.
    ahead_ms: AtomicI64,
}

/// No clock was told of.
const UNTOLD: i64 = i64::MIN;

impl Default for Counts {
    fn default() -> Self {
        let none = || AtomicU64::new(0);
        let ahead_ms = AtomicI64::new(UNTOLD);
        Counts { puts: none(), lists: none(), gets: none(), deletes: none(), bytes_sent: none(), ahead_ms }
    }
}

/// The meters of all places that somebody speaks to, by the place's name.
#[derive(Clone, Debug, Default)]
pub struct Meters(Arc<Mutex<BTreeMap<String, Meter>>>);

/// The name of a store's second cloud among places; no store is called so.
pub fn second_place(store: &str) -> String {
    format!("{store}.second")
}

impl Meters {
    /// The meter of a place.
    pub fn of(&self, place: &str) -> Meter {
        match self.0.lock() {
            Ok(mut all) => all.entry(place.to_owned()).or_default().clone(),
            Err(_) => Meter::default(),
        }
    }

    /// What was asked so far of each place that was asked anything.
    pub fn read(&self) -> BTreeMap<String, Requests> {
        let Ok(all) = self.0.lock() else { return BTreeMap::new() };
        let read = all.iter().map(|(place, meter)| (place.clone(), meter.read()));
        read.filter(|(_, requests)| requests.all() > 0).collect()
    }
}

impl Meter {
    /// What was asked so far.
    pub fn read(&self) -> Requests {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { puts, lists, gets, deletes, bytes_sent, .. } = self.0.as_ref();
        Requests { puts: of(puts), lists: of(lists), gets: of(gets), deletes: of(deletes), bytes_sent: of(bytes_sent) }
    }

    /// How far the server's clock was ahead of ours when it last answered, to a second; `None` where nobody answered.
    pub fn ahead(&self) -> Option<TimeDelta> {
        let ahead = self.0.ahead_ms.load(Ordering::Relaxed);
        (ahead != UNTOLD).then(|| TimeDelta::milliseconds(ahead))
    }

    fn told(&self, answer: &HttpResponse) {
        let date = answer.headers().get("date").and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok());
        if let Some(date) = date {
            let ahead = date.to_utc() - Utc::now();
            self.0.ahead_ms.store(ahead.num_milliseconds(), Ordering::Relaxed);
        }
    }

    fn sent(&self, bytes: u64) {
        self.0.bytes_sent.fetch_add(bytes, Ordering::Relaxed);
    }

    fn count(&self, method: &str, query: &str) {
        let Counts { puts, lists, gets, deletes, .. } = self.0.as_ref();
        let counted = match kind(method, query) {
            Kind::Put => puts,
            Kind::List => lists,
            Kind::Get => gets,
            Kind::Delete => deletes,
        };
        counted.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a request is billed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Put,
    List,
    Get,
    Delete,
}

fn kind(method: &str, query: &str) -> Kind {
    let says = |word: &str| query.split('&').any(|part| part == word || part.strip_suffix('=') == Some(word));
    match method {
        "GET" if says("list-type=2") || says("comp=list") => Kind::List,
        "GET" | "HEAD" => Kind::Get,
        "DELETE" => Kind::Delete,
        // Many deletes in one request.
        "POST" if says("delete") || says("comp=batch") => Kind::Delete,
        _ => Kind::Put,
    }
}

/// Headers that every request to S3, or to Azure, carries, and none for credentials.
const OF_A_STORE: [&str; 2] = ["x-amz-content-sha256", "x-ms-version"];

/// Makes clients whose requests a meter counts.
#[derive(Debug)]
pub(super) struct Metered {
    /// Who sends them.
    pub by: Straight,
    /// What counts them.
    pub meter: Meter,
}

impl HttpConnector for Metered {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = self.by.connect(options)?;
        Ok(HttpClient::new(Counting { client, meter: self.meter.clone() }))
    }
}

#[derive(Debug)]
struct Counting {
    client: HttpClient,
    meter: Meter,
}

impl HttpService for Counting {
    fn call<'a, 'b>(
        &'a self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        let is_counted = OF_A_STORE.iter().any(|name| request.headers().contains_key(*name));
        let bytes = request.body().content_length() as u64;
        if is_counted {
            self.meter.count(request.method().as_str(), request.uri().query().unwrap_or_default());
        }
        Box::pin(async move {
            let answer = self.client.execute(request).await;
            // Nobody was there to send anything to.
            let is_sent = !matches!(&answer, Err(error) if error.kind() == HttpErrorKind::Connect);
            if is_counted && is_sent {
                self.meter.sent(bytes);
            }
            if let Ok(answer) = &answer {
                self.meter.told(answer);
            }
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_listing_from_a_read_and_many_deletes_from_an_upload() {
        for (method, query, expected) in [
            ("GET", "", Kind::Get),
            ("HEAD", "", Kind::Get),
            ("GET", "list-type=2&prefix=a", Kind::List),
            ("GET", "restype=container&comp=list", Kind::List),
            ("GET", "prefix=comp%3Dlist", Kind::Get),
            ("PUT", "", Kind::Put),
            ("PUT", "partNumber=1&uploadId=x", Kind::Put),
            ("POST", "uploads", Kind::Put),
            ("POST", "delete=", Kind::Delete),
            ("POST", "delete", Kind::Delete),
            ("POST", "comp=batch", Kind::Delete),
            ("DELETE", "", Kind::Delete),
        ] {
            assert_eq!(kind(method, query), expected, "{method} {query}");
        }
    }

    #[test]
    fn a_place_that_was_asked_nothing_is_not_told() {
        let meters = Meters::default();
        let (asked, _quiet) = (meters.of("warehouse"), meters.of("security"));
        asked.count("PUT", "");
        asked.sent(7);
        meters.of("warehouse").count("GET", "");
        let read = meters.read();
        let expected = Requests { puts: 1, gets: 1, bytes_sent: 7, ..Requests::default() };
        assert_eq!(read, BTreeMap::from([("warehouse".to_owned(), expected)]));
    }
}
