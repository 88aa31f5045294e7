//! One POST: over TLS that is checked, without a redirect, within bounds, and tried again where that may help.
//!
//! Never in here: an error's own text, which quotes the address.

use super::NotifyFault;
use crate::job::{CONNECT_MAX, PAUSES, TRY_MAX};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, StatusCode};
use std::path::Path;

/// Largest file of an authority's certificates.
const CA_BYTES_MAX: u64 = 4 << 20;

/// What is sent.
#[derive(Debug)]
pub struct Post<'a> {
    /// Whom.
    pub url: &'a str,
    /// A PEM file with an authority to trust besides the system's; relative to the project.
    pub ca: Option<&'a str>,
}

/// A client for `post`; relative paths begin at `project`.
pub fn client(post: &Post<'_>, project: &Path) -> Result<Client, NotifyFault> {
    let mut builder = Client::builder()
        .redirect(Policy::none())
        .referer(false)
        .connect_timeout(CONNECT_MAX)
        .timeout(TRY_MAX)
        .user_agent(concat!("nightferry/", env!("CARGO_PKG_VERSION")));
    if post.url.starts_with("http://") {
        // This machine, as the address was looked at: through nobody else.
        builder = builder.no_proxy();
    }
    if let Some(ca) = post.ca {
        let file = project.join(ca);
        let size = std::fs::metadata(&file).map_err(|_| NotifyFault::Ca("cannot be read"))?.len();
        if size > CA_BYTES_MAX {
            return Err(NotifyFault::Ca("is larger than 4 MiB"));
        }
        let pem = std::fs::read(&file).map_err(|_| NotifyFault::Ca("cannot be read"))?;
        let no_pem = NotifyFault::Ca("holds no PEM certificate");
        let all = Certificate::from_pem_bundle(&pem).map_err(|_| no_pem.clone())?;
        if all.is_empty() {
            return Err(no_pem);
        }
        builder = all.into_iter().fold(builder, reqwest::ClientBuilder::add_root_certificate);
    }
    builder.build().map_err(|_| NotifyFault::Away)
}

/// Sends `body` with what `headers` gives for each try: a signature tells the moment.
pub async fn post(
    client: &Client,
    url: &str,
    body: &str,
    headers: impl Fn(u64) -> Vec<(&'static str, String)>,
) -> Result<(), NotifyFault> {
    let begun = std::time::Instant::now();
    let mut pauses = PAUSES.into_iter();
    loop {
        let mut request = client.post(url).body(body.to_owned());
        for (name, value) in headers(begun.elapsed().as_secs()) {
            // A value that no header can have is one of ours that went wrong; the other end refuses what lacks it.
            if let Ok(mut value) = HeaderValue::from_str(&value) {
                value.set_sensitive(true);
                request = request.header(HeaderName::from_static(name), value);
            }
        }
        let fault = match request.send().await.map(|answer| answer.status()) {
            Ok(status) if status.is_success() => return Ok(()),
            Ok(status) => NotifyFault::Answered(status.as_u16()),
            Err(_) => NotifyFault::Away,
        };
        let may_help = match fault {
            NotifyFault::Answered(code) => {
                code >= 500 || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].iter().any(|of| *of == code)
            }
            _ => true,
        };
        match pauses.next().filter(|_| may_help) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(fault),
        }
    }
}
