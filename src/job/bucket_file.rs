//! By which key of KMS the objects of a bucket are written, and as which role the bucket is asked: the part of an environment that only S3
//! has.
//!
//! Source: AWS, "Specifying server-side encryption with AWS KMS" of Amazon S3; "IAM identifiers".
//!
//! Never in here: a key itself, which never leaves KMS, and how a role is come by (`access`).

use super::environment_file::Reader;
use super::tree::Node;

/// A key of KMS that objects are written under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KmsSpec {
    /// Its ARN, as S3 tells it of an object.
    pub key: String,
    /// Whether S3 keeps a key of the bucket's own under it.
    pub bucket_key: bool,
}

impl Reader<'_> {
    /// The key of a location in `region`; `key` gives the names of its keys in the file.
    pub(super) fn kms(
        &mut self,
        node: &Node,
        key: impl Fn(&str) -> String,
        is_bucket: bool,
        region: Option<&str>,
    ) -> Option<KmsSpec> {
        let (of_kms, of_bucket) = (key("kms_key"), key("bucket_key"));
        let bucket_key = node.get(&of_bucket);
        let Some(at) = node.get(&of_kms) else {
            if let Some(at) = bucket_key {
                let message = format!("`{of_bucket}` is nothing without `{of_kms}`");
                self.bucket("E-ENV-KMS", at, message, "the bucket's own settings hold where no key is named");
            }
            return None;
        };
        let given = self.given(node, &of_kms)?;
        if !is_bucket {
            let message = format!("`{of_kms}` is of a place that is no bucket of S3");
            self.bucket("E-ENV-KMS", at, message, "what lies in Azure is under its account's key");
        }
        let there = arn(&given, "kms").and_then(|(there, of)| of.strip_prefix("key/").map(|id| (there, id)));
        match there.filter(|(there, id)| !there.is_empty() && is_id(id)) {
            None => {
                let message = format!("`{of_kms}` is no ARN of a KMS key");
                let hint = "arn:aws:kms:REGION:ACCOUNT:key/ID: an alias may lead to another key tomorrow";
                self.bucket("E-ENV-KMS", at, message, hint);
            }
            Some((there, _)) if region.is_some_and(|region| region != there) => {
                let message = format!("`{of_kms}` is in another region than its bucket");
                self.bucket("E-ENV-KMS", at, message, "S3 asks KMS of its own region");
            }
            Some(_) => {}
        }
        Some(KmsSpec { key: given, bucket_key: bucket_key.and_then(Node::truth).unwrap_or(true) })
    }

    /// The role that a location names by the key `key`.
    pub(super) fn role(&mut self, node: &Node, key: &str, is_bucket: bool) -> Option<String> {
        let at = node.get(key)?;
        let role = self.given(node, key)?;
        if !is_bucket {
            let message = format!("`{key}` is of a place that is no bucket of S3");
            self.bucket("E-ENV-ROLE", at, message, "Azure is asked as the surroundings say (`AZURE_*`)");
        }
        let is_role = arn(&role, "iam")
            .and_then(|(region, of)| of.strip_prefix("role/").filter(|_| region.is_empty()))
            .is_some_and(|name| name.split('/').all(is_id));
        if !is_role {
            let message = format!("`{key}` is no ARN of an AWS role");
            self.bucket("E-ENV-ROLE", at, message, "arn:aws:iam::ACCOUNT:role/NAME");
        }
        Some(role)
    }

    fn bucket(&mut self, id: &'static str, node: &Node, message: String, hint: &str) {
        self.problems.add(id, self.text.place(node.span.start), message, Some(hint.into()));
    }
}

/// Region and resource of an ARN of `service`, where it is one of an account.
fn arn<'a>(text: &'a str, service: &str) -> Option<(&'a str, &'a str)> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, of, region, account, resource] = parts[..] else { return None };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (partition.starts_with("aws") && of == service && is_account).then_some((region, resource))
}

/// What AWS calls a thing by, without a sign that would mean something in a header or a form.
fn is_id(id: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+=,.@".contains(&byte);
    !id.is_empty() && id.len() <= 128 && id.bytes().all(is_sign)
}
