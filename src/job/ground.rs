//! Where a location lies, told from its words alone: outside AWS or not, and whether two locations share ground.
//!
//! Two spellings of one place must not pass for two places: what is kept aside in clear would lie in a table's folder.
//! In doubt two locations share ground. Never in here: links between folders, which only the disk knows.

use super::plan::Location;

/// Where the ground of a location is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Landlord {
    /// This machine.
    Disk,
    /// A bucket, and the endpoint where it is not AWS's own.
    Bucket { bucket: String, endpoint: Option<String> },
    /// A container; without an account or endpoint it may be in any.
    Container { container: String, account: Option<String>, endpoint: Option<String> },
}

impl Location {
    /// Whether the data would be outside AWS (and outside this machine).
    ///
    /// A bucket at an endpoint is in AWS when the endpoint is Amazon's; on this machine it is an emulator.
    pub fn is_outside_aws(&self) -> bool {
        match self.landlord() {
            Landlord::Disk => false,
            Landlord::Bucket { .. } => {
                self.endpoint.as_deref().is_some_and(|at| !is_of_aws(at) && !is_this_machine(at))
            }
            Landlord::Container { .. } => true,
        }
    }

    /// Whether it is a bucket or a container, and no folder of this machine.
    pub fn is_in_cloud(&self) -> bool {
        !matches!(self.landlord(), Landlord::Disk)
    }

    /// Whether one of the two is the other or lies inside it. Letter case counts for nothing.
    pub fn shares_ground_with(&self, other: &Location) -> bool {
        let nested = self.segments().iter().zip(&other.segments()).all(|(mine, theirs)| mine == theirs);
        let may_be_one = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
        let one_landlord = match (self.landlord(), other.landlord()) {
            (
                Landlord::Container { container: mine, account: my_account, endpoint: my_endpoint },
                Landlord::Container { container: theirs, account: their_account, endpoint: their_endpoint },
            ) => mine == theirs && may_be_one(&my_account, &their_account) && may_be_one(&my_endpoint, &their_endpoint),
            (mine, theirs) => mine == theirs,
        };
        let one_start = self.url_path().starts_with('/') == other.url_path().starts_with('/');
        nested && one_landlord && (one_start || !matches!(self.landlord(), Landlord::Disk))
    }

    fn landlord(&self) -> Landlord {
        let Some((scheme, rest)) = self.url.split_once("://").filter(|(scheme, _)| *scheme != "file") else {
            return Landlord::Disk;
        };
        let authority = rest.split('/').next().unwrap_or_default().to_lowercase();
        let endpoint = self.endpoint.as_deref();
        if matches!(scheme, "s3" | "s3a") {
            let endpoint = endpoint.filter(|at| !is_of_aws(at)).map(place_of);
            return Landlord::Bucket { bucket: authority, endpoint };
        }
        let (container, account) = match authority.split_once('@') {
            Some((container, host)) => (container, host.split('.').next().map(str::to_owned)),
            None => (authority.as_str(), None),
        };
        Landlord::Container { container: container.to_owned(), account, endpoint: endpoint.map(place_of) }
    }

    fn url_path(&self) -> &str {
        match self.url.split_once("://") {
            None => &self.url,
            Some(("file", path)) => path,
            Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        }
    }

    fn segments(&self) -> Vec<String> {
        let parts = self.url_path().split('/').filter(|part| !matches!(*part, "" | "."));
        parts.map(str::to_lowercase).collect()
    }
}

/// Host and port of an endpoint; every name of this machine is one.
fn place_of(endpoint: &str) -> String {
    let (host, port) = host_and_port(endpoint);
    let host = if is_this_machine(endpoint) { "localhost".to_owned() } else { host.to_lowercase() };
    format!("{host}:{port}")
}

fn host_and_port(endpoint: &str) -> (&str, &str) {
    let authority = endpoint.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
        _ => (authority, ""),
    }
}

fn is_of_aws(endpoint: &str) -> bool {
    host_and_port(endpoint).0.to_lowercase().trim_end_matches('.').ends_with(".amazonaws.com")
}

/// Whether an endpoint is on this machine: the only place that is spoken to without TLS.
pub fn is_this_machine(endpoint: &str) -> bool {
    let host = host_and_port(endpoint).0.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<core::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Why an endpoint is none that is ever asked: it could carry a secret, or leads to where a machine gives out its own
/// credentials (link-local addresses, however they are written).
pub fn never_asked(endpoint: &str) -> Option<&'static str> {
    if endpoint.contains(['@', '?', '#', '\\']) {
        return Some("has an endpoint with a `@`, `?`, `#` or `\\`: keys and tokens never belong in a url");
    }
    let host = host_and_port(endpoint).0.trim_start_matches('[').trim_end_matches([']', '.']);
    let is_number = |label: &str| {
        let label = label.to_ascii_lowercase();
        label.starts_with("0x") || (!label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match host.parse::<core::net::IpAddr>() {
        Ok(core::net::IpAddr::V4(ip)) => ip.is_link_local(),
        Ok(core::net::IpAddr::V6(ip)) => {
            let is_of_aws = ip.segments()[..2] == [0xfd00, 0x0ec2];
            ip.is_unicast_link_local() || is_of_aws || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_link_local())
        }
        // `0xa9fea9fe` and `2852039166` are addresses to a browser.
        Err(_) => host.rsplit('.').next().is_some_and(is_number),
    }
    .then_some("has an endpoint that is link-local, or an address in another writing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_endpoints_that_are_never_asked() {
        for endpoint in [
            "https://169.254.169.254",
            "https://169.254.170.2:443/v2",
            "http://[fd00:ec2::254]",
            "https://[fe80::1]",
            "https://[::ffff:169.254.169.254]",
            "https://2852039166",
            "https://0xa9fea9fe/",
            "https://0xa9.254.169.0xfe",
            "https://169.254.43518.",
            "http://localhost@169.254.169.254",
            "https://key:secret@s3.example.org",
            "https://s3.example.org?sig=x",
            "https://s3.example.org\\@evil",
        ] {
            assert!(never_asked(endpoint).is_some(), "{endpoint}");
        }
        for endpoint in [
            "http://127.0.0.1:9000",
            "http://[::1]:9000",
            "https://s3.eu-west-2.amazonaws.com",
            "https://10.1.2.3:9000/a",
        ] {
            assert_eq!(never_asked(endpoint), None, "{endpoint}");
        }
    }

    fn at(url: &str, endpoint: Option<&str>) -> Location {
        Location { url: url.into(), endpoint: endpoint.map(str::to_owned), ..Location::default() }
    }

    #[test]
    fn knows_what_is_outside_aws() {
        for (url, endpoint) in [
            ("target/warehouse", None),
            ("file:///srv/warehouse", None),
            ("s3://bucket/x", None),
            ("s3a://bucket/x", None),
            ("s3://bucket/x", Some("https://s3.eu-west-2.amazonaws.com")),
            ("s3://bucket/x", Some("http://127.0.0.1:9000")),
            ("s3://bucket/x", Some("http://[::1]:9000")),
        ] {
            assert!(!at(url, endpoint).is_outside_aws(), "{url} at {endpoint:?}");
        }
        for (url, endpoint) in [
            ("az://container/x", None),
            ("az://container/x", Some("http://127.0.0.1:10000")),
            ("abfss://container@account.dfs.core.windows.net/x", None),
            ("s3://bucket/x", Some("https://storage.googleapis.com")),
            ("s3://bucket/x", Some("https://account.r2.cloudflarestorage.com")),
            ("s3://bucket/x", Some("https://amazonaws.com.example.org")),
            ("s3://bucket/x", Some("https://example.org/x.amazonaws.com")),
            ("s3://bucket/x", Some("https://s3.amazonaws.com@example.org")),
            ("s3://bucket/x", Some("nonsense")),
        ] {
            assert!(at(url, endpoint).is_outside_aws(), "{url} at {endpoint:?}");
        }
    }

    #[test]
    fn knows_this_machine() {
        for near in ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"] {
            assert!(is_this_machine(near), "{near}");
        }
        assert!(!is_this_machine("http://127.0.0.1.example.org"));
    }

    #[test]
    fn sees_one_place_in_two_spellings() {
        let aws = Some("https://s3.eu-west-2.amazonaws.com");
        for (one, other) in [
            (at("out/warehouse", None), at("./out//warehouse/", None)),
            (at("out/warehouse", None), at("out", None)),
            (at("out/warehouse", None), at(".", None)),
            (at("/srv/out", None), at("file:///srv/out/restricted", None)),
            (at("s3://bucket/a", None), at("s3a://bucket/a/", aws)),
            (at("s3://bucket", None), at("s3://bucket/restricted", None)),
            (at("s3://b/a", Some("http://localhost:9000")), at("s3://b/a/x", Some("http://127.0.0.1:9000/"))),
            (at("az://warehouse/a", None), at("abfss://warehouse@account.dfs.core.windows.net/a/b", None)),
        ] {
            assert!(one.shares_ground_with(&other) && other.shares_ground_with(&one), "{} {}", one.url, other.url);
        }
    }

    #[test]
    fn tells_neighbours_apart() {
        let emulated = |port: &str| Some(format!("http://127.0.0.1:{port}"));
        for (one, other) in [
            (at("out/warehouse", None), at("out/warehouse2", None)),
            (at("out/warehouse", None), at("s3://out/warehouse", None)),
            (at("s3://lccc-warehouse/analytics", None), at("s3://lccc-warehouse/public", None)),
            (at("s3://one/a", None), at("s3://two/a", None)),
            (at("s3://b/a", emulated("1").as_deref()), at("s3://b/a", emulated("2").as_deref())),
            (at("abfss://c@one.dfs.core.windows.net/a", None), at("abfss://c@two.dfs.core.windows.net/a", None)),
        ] {
            assert!(!one.shares_ground_with(&other) && !other.shares_ground_with(&one), "{} {}", one.url, other.url);
        }
    }
}
