//! Where an environment wants events of lineage: `[lineage]`.

use super::environment_file::Reader;
use super::plan::SecretRef;
use super::secret_file::secret;
use super::tree::Node;

/// Where events go; nowhere where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineageSpec {
    /// Into the security store: `lineage/<job>/<run>.<start or end>.json`.
    pub is_stored: bool,
    /// A file of this machine, a line an event; relative to the project.
    pub file: Option<String>,
    /// A server.
    pub http: Option<LineageHttp>,
}

/// A server that takes events, such as Marquez.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineageHttp {
    /// Where its address is found, as far as `/api/v1/lineage`.
    pub url: SecretRef,
    /// Where the key is found that lets in, as a bearer's token.
    pub api_key: Option<SecretRef>,
    /// PEM file with an authority to trust besides the system's.
    pub ca: Option<String>,
}

impl LineageSpec {
    /// Whether any event goes anywhere.
    pub fn is_wanted(&self) -> bool {
        self.is_stored || self.file.is_some() || self.http.is_some()
    }
}

impl Reader<'_> {
    /// Reads `[lineage]`.
    pub(super) fn lineage(&mut self, node: &Node) -> LineageSpec {
        let http = node.get("http").and_then(|http| {
            Some(LineageHttp {
                url: http.get("url").and_then(secret)?,
                api_key: http.get("api_key").and_then(secret),
                ca: self.given(http, "ca"),
            })
        });
        LineageSpec {
            is_stored: node.get("store").and_then(Node::truth).unwrap_or(false),
            file: self.given(node, "file"),
            http,
        }
    }
}
