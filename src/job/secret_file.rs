//! Where a secret is found: `{ env = ".." }`, `{ file = ".." }`, or a secret manager of either cloud.
//!
//! Pure: what a reference names is looked at, never what it leads to. Never in here: a secret; what stands in the place of a
//! reference may be one, so it is not repeated.

use super::ground::{is_this_machine, never_asked};
use super::plan::SecretRef;
use super::shape::{Key, Shape, json_schema_of, one_of, optional, required, table};
use super::tree::{Entry, Node, Text, Value};
use crate::problem::{Problems, shown_path};
use serde_json::{Value as Json, json};

const ENV: Key = optional("env", Shape::Text, "the environment variable that holds it");
const FILE: Key = optional("file", Shape::Text, "the file that holds it, readable by its owner alone");
const TEST_KEY: Key = optional("test_key", Shape::Truth, "the fixed key of `dev`: for invented people only");
const FIELD: Key = optional("field", Shape::Text, "the text of the secret's JSON that is meant [the whole secret]");
const AWS: &str = "the secret of AWS Secrets Manager that holds it: its ARN, or its name in AWS_REGION";
const VAULT: &str = "the secret of Azure Key Vault that holds it: https://<vault>.vault.azure.net/secrets/<name>";

const ALL: &[Key] =
    &[ENV, FILE, optional("aws_secret", Shape::Text, AWS), optional("key_vault", Shape::Text, VAULT), TEST_KEY, FIELD];

/// Hosts of Key Vault, each with what a token for it is for. Source: Microsoft, "Azure Key Vault REST API reference", and its clouds.
const VAULTS: [(&str, &str); 3] = [
    (".vault.azure.net", "https://vault.azure.net/.default"),
    (".vault.azure.cn", "https://vault.azure.cn/.default"),
    (".vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net/.default"),
];

/// Longest name of a secret: Secrets Manager's, with an ARN before it.
const NAME_BYTES_MAX: usize = 640;

/// A secret of Key Vault by its url.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VaultSecret<'a> {
    /// `https://<vault>.vault.azure.net`, or this machine.
    pub vault: &'a str,
    /// `secrets/<name>`, with its version where one is named.
    pub path: &'a str,
    /// What a token is for that the vault takes.
    pub scope: &'static str,
}

impl<'a> VaultSecret<'a> {
    /// What a url names; `None` of one that is no secret of a vault's: a token is shown to nobody else.
    pub fn of(url: &'a str) -> Option<Self> {
        let (_, rest) = url.split_once("://")?;
        let (authority, path) = rest.split_once('/')?;
        let vault = url.get(..url.len() - path.len() - 1)?;
        if never_asked(url).is_some() || !is_path(path) {
            return None;
        }
        if is_this_machine(url) && (url.starts_with("http://") || url.starts_with("https://")) {
            return Some(VaultSecret { vault, path, scope: VAULTS[0].1 });
        }
        let (label, scope) =
            VAULTS.iter().find_map(|(suffix, scope)| Some((authority.strip_suffix(suffix)?, scope)))?;
        (url.starts_with("https://") && is_label(label)).then_some(VaultSecret { vault, path, scope })
    }
}

fn is_path(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts[..], ["secrets", name] | ["secrets", name, _] if is_label(name))
        && parts.get(2).is_none_or(|version| is_label(version))
}

fn is_label(text: &str) -> bool {
    !text.is_empty() && text.len() <= 127 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A secret of AWS Secrets Manager: where it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwsSecret<'a> {
    /// The region that an ARN names; of a name alone the surroundings know it.
    pub region: Option<&'a str>,
    /// What the region's addresses end with.
    pub domain: &'static str,
}

impl<'a> AwsSecret<'a> {
    /// What a name or an ARN says; `None` of what is neither.
    pub fn of(secret: &'a str) -> Option<Self> {
        // RDS names those that it keeps itself with a `!`.
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@!-".contains(&byte);
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(is_sign);
        if secret.len() > NAME_BYTES_MAX {
            return None;
        }
        let parts: Vec<&str> = secret.split(':').collect();
        match parts[..] {
            [name] if is_name(name) => Some(AwsSecret { region: None, domain: "amazonaws.com" }),
            ["arn", partition, "secretsmanager", region, account, "secret", name]
                if partition.starts_with("aws")
                    && is_label(region)
                    && account.len() == 12
                    && account.bytes().all(|byte| byte.is_ascii_digit())
                    && is_name(name) =>
            {
                let domain = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
                Some(AwsSecret { region: Some(region), domain })
            }
            _ => None,
        }
    }
}

impl SecretRef {
    /// Where it is found, in words.
    pub fn place(&self) -> String {
        let field = |field: &Option<String>| field.as_ref().map(|of| format!(", field {}", shown_path(of)));
        match self {
            SecretRef::Env(name) => format!("variable {name}"),
            SecretRef::File(path) => format!("file {path}"),
            SecretRef::Aws { secret, field: of } => {
                // An ARN's own signs are those of a path, and colons.
                let shown = if AwsSecret::of(secret).is_some() { secret } else { "..." };
                format!("secret {shown} of AWS Secrets Manager{}", field(of).unwrap_or_default())
            }
            SecretRef::KeyVault { url, field: of } => {
                let shown = if VaultSecret::of(url).is_some() { url } else { "..." };
                format!("secret {shown} of Azure Key Vault{}", field(of).unwrap_or_default())
            }
            SecretRef::TestKey => "the fixed key of tests".into(),
        }
    }

    /// Whether it is asked of a manager, over the network.
    pub fn is_managed(&self) -> bool {
        matches!(self, SecretRef::Aws { .. } | SecretRef::KeyVault { .. })
    }
}

/// The reference that a checked table is.
pub(super) fn secret(node: &Node) -> Option<SecretRef> {
    let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    if let Some(name) = text("env") {
        return Some(SecretRef::Env(name));
    }
    if let Some(path) = text("file") {
        return Some(SecretRef::File(path));
    }
    if let Some(secret) = text("aws_secret") {
        return Some(SecretRef::Aws { secret, field: text("field") });
    }
    if let Some(url) = text("key_vault") {
        return Some(SecretRef::KeyVault { url, field: text("field") });
    }
    node.get("test_key").and_then(Node::truth).filter(|truth| *truth).map(|_| SecretRef::TestKey)
}

/// Tells what is wrong with a reference. A secret in the file itself is told without a word of it.
pub(super) fn check(text: &Text, node: &Node, path: &str, problems: &mut Problems) {
    let Value::Table(entries) = &node.value else {
        let hint = "a secret is referred to: { env = \"NAME\" } or { file = \"PATH\" }; change the one that was here";
        let message = format!("`{path}` is written in the file");
        problems.add("E-FILE-SECRET", text.place(node.span.start), message, Some(hint.into()));
        return;
    };
    table(text, node, ALL, path, problems);
    if entries.iter().filter(|Entry { key, .. }| key != "field").count() != 1 {
        let names: Vec<&str> = ALL.iter().map(|known| known.name).filter(|name| *name != "field").collect();
        let message = format!("`{path}` takes exactly one key");
        problems.add("E-FILE-ONE-OF", text.place(node.span.start), message, Some(one_of(&names)));
        return;
    }
    let mut fault = |node: &Node, message: String, hint: &str| {
        problems.add("E-ENV-SECRET", text.place(node.span.start), message, Some(hint.to_owned()));
    };
    let named = |key: &str| node.get(key).and_then(|node| Some((node, node.text()?)));
    if let Some((at, _)) = named("aws_secret").filter(|(_, name)| AwsSecret::of(name).is_none()) {
        let hint = "its name, or arn:aws:secretsmanager:eu-west-2:111122223333:secret:nightferry/key-AbCdEf";
        fault(at, format!("`{path}.aws_secret` names no secret of AWS Secrets Manager"), hint);
    }
    if let Some((at, _)) = named("key_vault").filter(|(_, url)| VaultSecret::of(url).is_none()) {
        let hint = "https://<vault>.vault.azure.net/secrets/<name>: no other host is shown a token";
        fault(at, format!("`{path}.key_vault` names no secret of Azure Key Vault"), hint);
    }
    if let Some(at) = node.get("field").filter(|_| named("aws_secret").or(named("key_vault")).is_none()) {
        fault(at, format!("`{path}.field` is of a secret in a manager"), "it goes with `aws_secret` or `key_vault`");
    }
}

/// The JSON Schema of a reference.
pub(super) fn schema() -> Json {
    const HERE: &[Key] = &[ENV, FILE, TEST_KEY];
    const OF_AWS: &[Key] = &[required("aws_secret", Shape::Text, AWS), FIELD];
    const OF_VAULT: &[Key] = &[required("key_vault", Shape::Text, VAULT), FIELD];
    let all = [Shape::OneOf(HERE), Shape::Table(OF_AWS), Shape::Table(OF_VAULT)];
    json!({ "anyOf": all.map(json_schema_of) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_a_token_to_a_vault_and_this_machine_and_nobody_else() {
        for (url, vault, path) in [
            ("https://lccc.vault.azure.net/secrets/pg", "https://lccc.vault.azure.net", "secrets/pg"),
            ("https://lccc.vault.azure.cn/secrets/pg/0a1b", "https://lccc.vault.azure.cn", "secrets/pg/0a1b"),
            ("http://127.0.0.1:8200/secrets/pg", "http://127.0.0.1:8200", "secrets/pg"),
        ] {
            let found = VaultSecret::of(url).map(|of| (of.vault, of.path));
            assert_eq!(found, Some((vault, path)), "{url}");
        }
        for url in [
            "",
            "pg",
            "https://lccc.vault.azure.net",
            "https://lccc.vault.azure.net/keys/pg",
            "https://lccc.vault.azure.net/secrets/",
            "https://lccc.vault.azure.net/secrets/pg/1/2",
            "https://lccc.vault.azure.net/secrets/pg?x=y",
            "https://lccc.vault.azure.net/secrets/../x",
            "http://lccc.vault.azure.net/secrets/pg",
            "https://lccc.vault.azure.net.example.org/secrets/pg",
            "https://lccc.vault.azure.net:8443/secrets/pg",
            "https://a.b.vault.azure.net/secrets/pg",
            "https://example.org/.vault.azure.net/secrets/pg",
            "https://key@lccc.vault.azure.net/secrets/pg",
            "http://169.254.169.254/secrets/pg",
            "https://vault.azure.net/secrets/pg",
            "ftp://127.0.0.1/secrets/pg",
        ] {
            assert_eq!(VaultSecret::of(url), None, "{url}");
        }
    }

    #[test]
    fn takes_a_name_or_an_arn_and_the_region_that_it_names() {
        let of = |secret: &'static str| AwsSecret::of(secret).map(|of| (of.region, of.domain));
        assert_eq!(of("nightferry/prod/key"), Some((None, "amazonaws.com")));
        let arn = "arn:aws:secretsmanager:eu-west-2:111122223333:secret:rds!db-0a1b-AbCdEf";
        assert_eq!(of(arn), Some((Some("eu-west-2"), "amazonaws.com")));
        assert_eq!(
            of("arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:key-AbCdEf"),
            Some((Some("cn-north-1"), "amazonaws.com.cn"))
        );
        for wrong in [
            "",
            "a b",
            "a\"b",
            "arn:aws:sns:eu-west-2:111122223333:secret:x",
            "arn:aws:secretsmanager:evil.example.org:111122223333:secret:x",
            "arn:aws:secretsmanager:eu-west-2:1:secret:x",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
