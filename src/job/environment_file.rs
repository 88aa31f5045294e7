//! `jobs/environments/<name>.toml` -> [`Environment`], every fault told.
//!
//! Texts given as `{ env = "NAME" }` are looked up through a parameter; a variable that is not set is a fault that names
//! it.

use super::boundaries::{check_boundary, check_ground, check_landing};
use super::dump::reading;
use super::files::ENVIRONMENT;
use super::lineage_file::LineageSpec;
use super::message_file::MessageSpec;
use super::plan::{Boundary, Limits, Location, PostgresSpec, SecretRef, SourceSpec, StoreSpec};
use super::secret_file::secret;
use super::shape::{bytes, check};
use super::tree::{Entry, Node, Text};
use crate::changes::Layout;
use crate::cost::Prices;
use crate::data::{Audience, Name};
use crate::problem::Problems;
use std::collections::BTreeMap;

/// An environment.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name.
    pub name: Name,
    /// Written into every commit.
    pub stamp: String,
    /// Sources by name.
    pub sources: BTreeMap<Name, SourceSpec>,
    /// Stores by name.
    pub stores: BTreeMap<Name, StoreSpec>,
    /// Where the key of pseudonyms is found.
    pub tokens: Option<SecretRef>,
    /// The version of the keys that are derived from it.
    pub tokens_version: u32,
    /// Bounds of a run.
    pub limits: Limits,
    /// What things cost.
    pub prices: Prices,
    /// Whom to tell when a person has something to do.
    pub messages: Vec<MessageSpec>,
    /// Where events of lineage go.
    pub lineage: LineageSpec,
    /// Whether it says itself how much memory rows may take.
    pub is_memory_declared: bool,
    /// The text it comes from.
    pub text: Text,
}

/// Looks a variable of the environment up.
pub type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads an environment. `None` when anything is wrong with it; every fault is told.
pub fn read(name: &Name, text: Text, variable: Variable<'_>, problems: &mut Problems) -> Option<Environment> {
    let tree = text.tree(problems)?;
    let before = problems.len();
    check(&text, &tree, ENVIRONMENT, "", problems);
    if problems.len() > before {
        return None;
    }
    let mut reader = Reader { text: &text, variable, problems };
    let stamp = tree.get("stamp").and_then(Node::text).unwrap_or_default().to_owned();
    let mut sources = BTreeMap::new();
    for Entry { key, node, .. } in tree.get("source").map(Node::entries).unwrap_or_default() {
        sources.extend(Name::new(key).ok().zip(reader.source(node)));
    }
    let mut stores = BTreeMap::new();
    for Entry { key, node, key_span } in tree.get("store").map(Node::entries).unwrap_or_default() {
        let Ok(name) = Name::new(key) else { continue };
        if let Some(store) = reader.store(&name, node) {
            check_boundary(&text, node, key_span.start, &store, reader.problems);
            stores.insert(name, store);
        }
    }
    let mut messages = Vec::new();
    for Entry { key, node, .. } in tree.get("message").map(Node::entries).unwrap_or_default() {
        let Ok(name) = Name::new(key) else { continue };
        messages.extend(reader.message(&name, node));
    }
    let lineage = tree.get("lineage").map(|lineage| reader.lineage(lineage)).unwrap_or_default();
    for (name, source) in &sources {
        check_landing(&text, &tree, name, source, reader.problems);
    }
    check_ground(&text, &tree, &stores, &sources, reader.problems);
    for (name, audience) in [("restricted", Audience::Restricted), ("security", Audience::Security)] {
        let declared = tree.get("store").and_then(|stores| stores.get(name)?.get("audience")?.text());
        if declared != Some(audience.as_str()) {
            let hint = format!("[store.{name}] with audience = \"{name}\" takes what is kept beside the tables");
            let message = format!("there is no store `{name}` for the audience `{name}`");
            reader.problems.add("E-ENV-STORE", text.place(0), message, Some(hint));
        }
    }
    let tokens = tree.get("secrets").and_then(|secrets| secrets.get("tokens"));
    let secret = tokens.and_then(secret);
    if let (Some(node), Some(SecretRef::TestKey)) = (tokens, &secret)
        && stamp != "dev"
    {
        let hint = "`test_key` is public; it is for the stamp `dev` alone";
        reader.problems.add(
            "E-ENV-TEST-KEY",
            text.place(node.span.start),
            "`secrets.tokens` is the test key",
            Some(hint.into()),
        );
    }
    let version = tree.get("secrets").and_then(|secrets| secrets.get("tokens_version")).and_then(Node::whole);
    let tokens_version = version.map_or(1, |version| u32::try_from(version).unwrap_or(u32::MAX));
    let limits = limits(tree.get("limits"));
    let prices = tree.get("prices").map(|prices| reader.prices(prices)).unwrap_or_default();
    let is_memory_declared = tree.get("limits").is_some_and(|limits| limits.get("memory_max").is_some());
    if problems.len() > before {
        return None;
    }
    Some(Environment {
        name: name.clone(),
        stamp,
        sources,
        stores,
        tokens: secret,
        tokens_version,
        limits,
        prices,
        messages,
        lineage,
        is_memory_declared,
        text,
    })
}

pub(super) struct Reader<'a> {
    pub(super) text: &'a Text,
    variable: Variable<'a>,
    pub(super) problems: &'a mut Problems,
}

impl Reader<'_> {
    fn source(&mut self, node: &Node) -> Option<SourceSpec> {
        if let Some(postgres) = node.get("postgres") {
            return self.postgres(postgres).map(SourceSpec::Postgres);
        }
        if let Some(files) = node.get("files") {
            return Some(SourceSpec::Files { url: self.location(files, "")? });
        }
        if let Some(export) = node.get("rds_export") {
            return Some(SourceSpec::RdsExport {
                url: self.location(export, "")?,
                database: self.given(export, "database")?,
            });
        }
        if let Some(dump) = node.get("pg_dump") {
            return Some(SourceSpec::PgDump { url: self.location(dump, "")?, time_zone: self.time_zone(dump)? });
        }
        let dump = node.get("dump")?;
        let layout = dump.get("layout").and_then(Node::text).and_then(Layout::parse)?;
        let reading = reading(dump);
        if reading.payload.is_avro() && layout.is_lines() {
            let at = self.text.place(dump.get("payload").map_or(0, |node| node.span.start));
            let message = "`payload` is Avro, which no line of text holds";
            self.problems.add(
                "E-ENV-PAYLOAD",
                at,
                message,
                Some("`layout = \"relay\"` keeps bytes as they are".into()),
            );
            return None;
        }
        let kafka = self.kafka(dump, layout)?;
        Some(SourceSpec::Dump { url: self.location(dump, "")?, layout, reading, kafka: kafka.map(Box::new) })
    }

    fn postgres(&mut self, postgres: &Node) -> Option<PostgresSpec> {
        let host = self.given(postgres, "host")?;
        let login = self.login(postgres, &host)?;
        let schemas = self.schemas(postgres, &login.auth)?;
        let spec = PostgresSpec {
            host,
            port: match postgres.get("port") {
                Some(port) => self.port(port)?,
                None => 5432,
            },
            database: self.given(postgres, "database")?,
            user: self.given(postgres, "user")?,
            password: postgres.get("password").and_then(secret),
            ca: self.given(postgres, "ca"),
            connections: 0,
            login,
            schemas,
        };
        let connections = self.connections(postgres, spec.roles().len())?;
        Some(PostgresSpec { connections, ..spec })
    }

    fn time_zone(&mut self, node: &Node) -> Option<chrono_tz::Tz> {
        let Some(zone) = node.get("time_zone") else { return Some(chrono_tz::Tz::UTC) };
        let parsed = zone.text().unwrap_or_default().parse().ok();
        if parsed.is_none() {
            let hint = "such as `Europe/London`; pg_dump in a container mostly runs in `UTC`";
            let at = self.text.place(zone.span.start);
            self.problems.add("E-ENV-TIME-ZONE", at, "`time_zone` is no zone of the tz database", Some(hint.into()));
        }
        parsed
    }

    fn store(&mut self, name: &Name, node: &Node) -> Option<StoreSpec> {
        let second = match node.get("second") {
            Some(_) => Some(self.location(node, "second")?),
            None => None,
        };
        Some(StoreSpec {
            name: name.clone(),
            primary: self.location(node, "")?,
            second,
            audience: Audience::ALL
                .into_iter()
                .find(|audience| node.get("audience").and_then(Node::text) == Some(audience.as_str()))?,
            boundary: match node.get("boundary").and_then(Node::text) {
                Some("external") => Boundary::External,
                _ => Boundary::Internal,
            },
            epoch: node.get("epoch").and_then(Node::whole).and_then(|epoch| u64::try_from(epoch).ok()).unwrap_or(0),
        })
    }

    /// A location whose keys start with `front`: `url` and `region`, or `second` and `second_region`.
    fn location(&mut self, node: &Node, front: &str) -> Option<Location> {
        let key = |name: &str| if front.is_empty() { name.to_owned() } else { format!("{front}_{name}") };
        let url_key = if front.is_empty() { "url" } else { front };
        let url = self.given(node, url_key)?;
        let at = self.text.place(node.get(url_key).map_or(0, |node| node.span.start));
        // Keys and passwords pasted into a url would reach logs of others; the text is not repeated.
        let authority = url.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or(""));
        let user = authority.split_once('@').map_or("", |(user, _)| user);
        if url.contains('?') || user.contains(':') || authority.matches('@').count() > 1 {
            let hint =
                "credentials come from the process's surroundings, never from a url; change the one that was here";
            self.problems.add("E-FILE-SECRET", at, format!("`{url_key}` holds credentials"), Some(hint.into()));
            return None;
        }
        let known = ["s3://", "s3a://", "az://", "azure://", "abfs://", "abfss://", "file://"];
        let is_local = !url.contains("://");
        if is_local && (url.starts_with('~') || url.split('/').any(|part| part == "..")) {
            let hint = "a local folder is relative to the project or absolute, without `..`";
            self.problems.add(
                "E-FILE-PATH",
                at,
                format!("`{url_key}` is no folder that may be used"),
                Some(hint.into()),
            );
            return None;
        }
        if !is_local && !known.iter().any(|scheme| url.starts_with(scheme)) {
            let hint = "a local folder, s3://, az://, abfss:// or file://";
            self.problems.add(
                "E-ENV-URL",
                at,
                format!("`{url_key}` is of a kind that is none of ours"),
                Some(hint.into()),
            );
            return None;
        }
        let azure = self.azure(node, front, &url)?;
        let is_bucket = url.starts_with("s3://") || url.starts_with("s3a://");
        let region = self.given(node, &key("region"));
        Some(Location {
            url,
            endpoint: self.given(node, &key("endpoint")),
            ca: self.given(node, &key("ca")),
            azure,
            kms: self.kms(node, key, is_bucket, region.as_deref()),
            role: self.role(node, &key("role"), is_bucket),
            region,
        })
    }

    /// A text, or the variable that it names.
    pub(super) fn given(&mut self, node: &Node, key: &str) -> Option<String> {
        let node = node.get(key)?;
        match node.text() {
            Some(text) => Some(text.to_owned()),
            None => self.lookup(node),
        }
    }

    fn lookup(&mut self, node: &Node) -> Option<String> {
        let name = node.get("env")?.text()?;
        let value = (self.variable)(name);
        if value.is_none() {
            let message = format!("the environment variable `{}` is not set", super::shape::shown(name));
            self.problems.add("E-ENV-VARIABLE", self.text.place(node.span.start), message, None);
        }
        value
    }

    fn port(&mut self, node: &Node) -> Option<u16> {
        let port = match node.whole() {
            Some(port) => u16::try_from(port).ok(),
            None => self.lookup(node)?.parse().ok(),
        };
        if port.is_none() {
            self.problems.add(
                "E-ENV-PORT",
                self.text.place(node.span.start),
                "`port` is no port",
                Some("1 to 65535".into()),
            );
        }
        port
    }
}

fn limits(node: Option<&Node>) -> Limits {
    let standard = Limits::default();
    let size = |key: &str, standard: u64| node.and_then(|node| bytes(node.get(key)?.text()?)).unwrap_or(standard);
    let rows = |key: &str, standard: usize| {
        let rows = node.and_then(|node| usize::try_from(node.get(key)?.whole()?).ok());
        rows.filter(|rows| *rows > 0).unwrap_or(standard)
    };
    let bytes_out_max = node.and_then(|node| bytes(node.get("bytes_out_max")?.text()?));
    let row_group_rows_max = rows("row_group_rows_max", standard.row_group_rows_max);
    Limits {
        bytes_out_max,
        memory_bytes_max: size("memory_max", standard.memory_bytes_max),
        spill_bytes_max: size("spill_max", standard.spill_bytes_max),
        // A row group is made of whole batches.
        batch_rows_max: rows("batch_rows_max", standard.batch_rows_max).min(row_group_rows_max),
        row_group_rows_max,
        row_group_bytes_max: size("row_group_max", standard.row_group_bytes_max),
        part_rows_max: rows("part_rows_max", standard.part_rows_max),
        part_bytes_max: size("part_max", standard.part_bytes_max),
        cell_bytes_max: usize::try_from(size("cell_max", standard.cell_bytes_max as u64))
            .unwrap_or(standard.cell_bytes_max),
    }
}
