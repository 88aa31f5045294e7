//! The address of a webhook -> one that may be spoken to, or none: TLS to a host by its name, or this machine.
//!
//! Whoever can write an environment's secrets must not make us ask what only we can reach: an instance's credentials at
//! 169.254.169.254 answer without TLS and have no name, so they are no address of ours; and no redirect is followed (`client`). A name
//! that leads there by its DNS has no certificate.
//!
//! Pure. Never in here: an address in a fault.

use super::NotifyFault;
use crate::job::{is_loopback, is_this_machine};
use core::net::IpAddr;

/// Longest address.
const BYTES_MAX: usize = 2_048;

/// Gives the address as it is asked, where it is one.
pub fn checked(url: &str) -> Result<&str, NotifyFault> {
    let fault = |what| Err(NotifyFault::Address(what));
    let url = url.trim();
    if url.len() > BYTES_MAX || url.chars().any(|sign| sign.is_control() || sign.is_whitespace() || sign == '\\') {
        return fault("is no url");
    }
    let Some((scheme, rest)) = url.split_once("://") else { return fault("is no url") };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return fault("holds a user or a password");
    }
    match scheme {
        "https" => {}
        "http" if is_this_machine(url) => return Ok(url),
        "http" => return fault("is plain `http`; hint: only this machine may be spoken to so"),
        _ => return fault("is neither `https://` nor `http://`"),
    }
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    // Also as resolvers still read it: 0x7f000001, 017700000001, 2130706433.
    let is_number = host.rsplit('.').find(|part| !part.is_empty()).is_none_or(|last| {
        last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") || last.starts_with("0X")
    });
    if (host.parse::<IpAddr>().is_ok() || is_number || !host.is_ascii()) && !is_loopback(host) {
        return fault("names a host by a number; hint: a name that its certificate has");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_tls_to_a_name_and_this_machine_through_and_nothing_else() {
        for url in [
            "https://hooks.slack.com/services/T0/B0/x",
            "https://prod-01.uksouth.logic.azure.com:443/workflows/a/triggers?api-version=1&sig=x",
            "http://127.0.0.1:8080/x",
            "http://localhost:1/",
            "https://[::1]:8443/x",
            "http://[::1]:8080",
        ] {
            assert_eq!(checked(url), Ok(url));
        }
        for url in [
            "",
            "hooks.slack.com",
            "http://hooks.slack.com/x",
            "http://169.254.169.254/latest/meta-data/",
            "https://169.254.169.254/latest/",
            "https://[fd00:ec2::254]/",
            "https://2852039166/",
            "https://0xa9fea9fe/",
            "https://169.254.43518/",
            "https://10.0.0.1./",
            "http://127.0.0.1.example.org/",
            "http://127.0.0.1@169.254.169.254/",
            "https://user:password@hooks.example.org/",
            "https://hooks.example.org\\@169.254.169.254/",
            "https://hooks.example.org/\r\nx: y",
            "ftp://hooks.example.org/",
            "file:///etc/passwd",
            "https://",
            "https:///x",
        ] {
            assert!(checked(url).is_err(), "{url}");
        }
    }
}
