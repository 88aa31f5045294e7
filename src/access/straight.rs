//! How requests to object stores, and to whoever hands out their credentials, are sent: straight to the address that was looked at.
//!
//! A redirect is not followed, wherever it leads: the address that it names was looked at by nobody, and a signed request says more
//! than a stranger may know. The client of `object_store` follows ten; so the connection is made here.
//!
//! Who is no store, and hands out words about this task, a bucket or tokens, is asked by [`Straight::ask`], the same way.
//!
//! Never in here: which address is asked (`location`), and what an answer means (`meaning`).

use super::location::{CONNECT_SECONDS_MAX, REQUEST_SECONDS_MAX};
use super::meaning::is_distrusted;
use chrono::{DateTime, Utc};
use futures::future::FutureExt;
use object_store::client::{HttpClient, HttpConnector};
use object_store::{ClientConfigKey, ClientOptions};
use reqwest::header::{DATE, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use std::time::Duration;

/// Largest answer of somebody who is no store, in bytes: a secret has 64 KiB at most.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// The header by which S3 tells the key of an object.
const KMS_KEY: &str = "x-amz-server-side-encryption-aws-kms-key-id";

/// Connects without following redirects; trusts the system's authorities and these.
#[derive(Clone, Debug, Default)]
pub(super) struct Straight {
    authorities: Vec<Certificate>,
}

impl Straight {
    /// Trusts the authorities of a PEM text as well; `None` where it holds none.
    pub fn trusting(pem: &[u8]) -> Option<Self> {
        let authorities = Certificate::from_pem_bundle(pem).ok()?;
        (!authorities.is_empty()).then_some(Straight { authorities })
    }
}

/// What is asked of somebody who is no store.
pub(super) struct Question<'a> {
    /// Whole, with its query.
    pub url: &'a str,
    pub headers: Vec<(&'static str, String)>,
    /// What is posted; without it, it is a GET.
    pub body: Option<&'a str>,
    /// How long asking and answering may take.
    pub within: Duration,
}

/// What was answered.
pub(super) struct Answer {
    pub status: u16,
    /// The server's own clock.
    pub date: Option<DateTime<Utc>>,
    /// The key of KMS that an object is said to be under.
    pub kms_key: Option<String>,
    pub body: Vec<u8>,
}

/// Why nothing was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// Nobody is there, or it took too long.
    Away,
    /// Its certificate cannot be trusted.
    Tls,
    /// It answered more than anybody would.
    TooMuch,
}

impl Straight {
    /// Asks once. Plain HTTP where the url says so: who calls has looked at it.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Answer, Unanswered> {
        // Boxed: a client's own futures are deep, and everything that asks would be of their type.
        self.asked(question).boxed().await
    }

    async fn asked(&self, question: &Question<'_>) -> Result<Answer, Unanswered> {
        let connect = Duration::from_secs(CONNECT_SECONDS_MAX).min(question.within);
        let is_plain = question.url.starts_with("http://");
        let client = self.client(connect, question.within, is_plain).map_err(|_| Unanswered::Away)?;
        let mut request = match question.body {
            Some(body) => client.post(question.url).body(body.to_owned()),
            None => client.get(question.url),
        };
        for (name, value) in &question.headers {
            // A value that no header can have is one of ours that went wrong; the other end refuses what lacks it.
            if let Ok(mut value) = HeaderValue::from_str(value) {
                value.set_sensitive(true);
                request = request.header(HeaderName::from_static(name), value);
            }
        }
        let why = |error: reqwest::Error| if is_distrusted(&error) { Unanswered::Tls } else { Unanswered::Away };
        let mut answer = request.send().await.map_err(why)?;
        let (status, mut body) = (answer.status().as_u16(), Vec::new());
        let date = answer.headers().get(DATE).and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok());
        let kms_key = answer.headers().get(KMS_KEY).and_then(|key| key.to_str().ok()).map(str::to_owned);
        while let Some(chunk) = answer.chunk().await.map_err(why)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(Unanswered::TooMuch);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, date: date.map(|date| date.to_utc()), kms_key, body })
    }

    fn client(&self, connect: Duration, within: Duration, is_plain: bool) -> reqwest::Result<Client> {
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .https_only(!is_plain)
            .http1_only()
            .connect_timeout(connect)
            .timeout(within)
            // The length of an answer is the length of an object.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .user_agent(concat!("nightferry/", env!("CARGO_PKG_VERSION")));
        for authority in &self.authorities {
            builder = builder.add_root_certificate(authority.clone());
        }
        if is_plain {
            // Plain HTTP is for this machine and for whoever hands it its credentials: no proxy of the surroundings sees that.
            builder = builder.no_proxy();
        }
        builder.build()
    }
}

impl HttpConnector for Straight {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let said = |key| options.get_config_value(&key);
        // Of a machine's own credentials object_store waits a second and speaks HTTP: there is no TLS on a link.
        let connect = said(ClientConfigKey::ConnectTimeout).and_then(|text| text.strip_suffix('s')?.parse().ok());
        let connect = Duration::from_secs(connect.unwrap_or(CONNECT_SECONDS_MAX));
        let is_plain = said(ClientConfigKey::AllowHttp).is_some_and(|value| value == "true");
        let client = self.client(connect, Duration::from_secs(REQUEST_SECONDS_MAX), is_plain);
        let client =
            client.map_err(|source| object_store::Error::Generic { store: "HTTP", source: Box::new(source) })?;
        Ok(HttpClient::new(client))
    }
}
