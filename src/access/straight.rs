//! How requests to object stores, and to whoever hands out their credentials, are sent: straight to the address that was looked at.
//!
//! A redirect is not followed, wherever it leads: the address that it names was looked at by nobody, and a signed request says more
//! than a stranger may know. The client of `object_store` follows ten; so the connection is made here.
//!
//! Never in here: which address is asked (`location`), and what an answer means (`meaning`).

use super::location::{CONNECT_SECONDS_MAX, REQUEST_SECONDS_MAX};
use object_store::client::{HttpClient, HttpConnector};
use object_store::{ClientConfigKey, ClientOptions};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use std::time::Duration;

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

impl HttpConnector for Straight {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let said = |key| options.get_config_value(&key);
        // Of a machine's own credentials object_store waits a second and speaks HTTP: there is no TLS on a link.
        let connect = said(ClientConfigKey::ConnectTimeout).and_then(|text| text.strip_suffix('s')?.parse().ok());
        let connect = Duration::from_secs(connect.unwrap_or(CONNECT_SECONDS_MAX));
        let is_plain = said(ClientConfigKey::AllowHttp).is_some_and(|value| value == "true");
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .https_only(!is_plain)
            .http1_only()
            .connect_timeout(connect)
            .timeout(Duration::from_secs(REQUEST_SECONDS_MAX))
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
        let client = builder.build();
        let client =
            client.map_err(|source| object_store::Error::Generic { store: "HTTP", source: Box::new(source) })?;
        Ok(HttpClient::new(client))
    }
}
