//! A url of the environment -> what it names. Pure: text in, words out.
//!
//! Never in here: a key or token that somebody put into a url; such a url is refused, and not repeated.

use object_store::path::Path;
use std::path::PathBuf;

/// What a url says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Address {
    Local(PathBuf),
    S3 { bucket: String, prefix: Path },
    Azure { container: String, account: Option<String>, fabric: Fabric, prefix: Path },
}

/// Whether an Azure account is one of Microsoft Fabric's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fabric {
    Yes,
    No,
}

/// Reads a url; what is wrong with it fits after "the url of `x`".
pub(super) fn parse(url: &str) -> Result<Address, &'static str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if url.is_empty() { Err("is empty") } else { Ok(Address::Local(url.into())) };
    };
    if scheme == "file" {
        return match rest.strip_prefix('/') {
            Some(path) => Ok(Address::Local(format!("/{path}").into())),
            None => Err("names a host; hint: `file:///folder`"),
        };
    }
    if rest.contains(['?', '#']) {
        return Err("has a `?` or `#`: keys and tokens never belong in a url");
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = Path::parse(path).map_err(|_| "has a path that is no object prefix")?;
    if prefix.parts().any(|part| part.as_ref() == "..") || authority.is_empty() || authority.contains(':') {
        return Err("has no bucket, a port, a password or a `..` in it");
    }
    match (scheme, authority.split_once('@')) {
        ("s3" | "s3a", None) => Ok(Address::S3 { bucket: authority.into(), prefix }),
        ("az" | "azure" | "abfs" | "abfss", None) => {
            Ok(Address::Azure { container: authority.into(), account: None, fabric: Fabric::No, prefix })
        }
        ("abfs" | "abfss", Some((container, host))) => {
            let (account, suffix) = host.split_once('.').ok_or("names no account host")?;
            let fabric = match suffix {
                "dfs.core.windows.net" | "blob.core.windows.net" => Fabric::No,
                "dfs.fabric.microsoft.com" | "blob.fabric.microsoft.com" => Fabric::Yes,
                _ => return Err("names a host that is no Azure storage account"),
            };
            Ok(Address::Azure { container: container.into(), account: Some(account.into()), fabric, prefix })
        }
        _ => Err("has a scheme other than `s3`, `az`, `abfss` and `file`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_urls_of_every_provider() {
        assert_eq!(parse("target/warehouse"), Ok(Address::Local("target/warehouse".into())));
        assert_eq!(parse("file:///srv/x"), Ok(Address::Local("/srv/x".into())));
        let s3 = Address::S3 { bucket: "lccc-warehouse".into(), prefix: Path::from("analytics") };
        assert_eq!(parse("s3://lccc-warehouse/analytics/"), Ok(s3));
        let azure = |account: Option<&str>, prefix| Address::Azure {
            container: "warehouse".into(),
            account: account.map(str::to_owned),
            fabric: Fabric::No,
            prefix: Path::from(prefix),
        };
        assert_eq!(parse("az://warehouse/a/b"), Ok(azure(None, "a/b")));
        assert_eq!(parse("abfss://warehouse@lcccdata.dfs.core.windows.net/a"), Ok(azure(Some("lcccdata"), "a")));
    }

    #[test]
    fn refuses_urls_that_could_carry_a_secret_or_leave_their_place() {
        for url in [
            "az://warehouse/a?sig=x",
            "s3://key:secret@bucket/a",
            "s3://bucket/a/../b",
            "abfss://c@evil.example.org/a",
            "gs://bucket/a",
            "https://example.org/a",
            "file://host/a",
            "s3:///a",
            "",
        ] {
            assert!(parse(url).is_err(), "{url}");
        }
    }
}
