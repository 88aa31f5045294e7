//! The result of a scan: a table for people, an object a line for programs, or the columns of a schema file.

use super::super::init::names::numbered;
use super::look::{NOT_REPEATED, Scanned, ScannedColumn};
use super::nested::PATHS_MAX;
use crate::data::{Class, ColumnType, NAME_BYTES_MAX, Name};
use crate::privacy::{KINDS, Kind, MARKED, RECOGNISERS};
use crate::report::count;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write;

/// Lists the kinds.
pub fn kinds(json: bool, out: &mut dyn Write) {
    for (kind, id, presidio, what) in KINDS {
        let recognised_by = recognised_by(*kind);
        let recognisers: Vec<&Value> = recognised_by.iter().map(|by| &by["id"]).collect();
        // A closed pipe is the reader's choice; so everywhere here.
        let _ = match json {
            true => writeln!(
                out,
                "{}",
                json!({
                    "kind": id, "presidio": presidio, "what": what, "class": class(id).as_str(), "recognisers": recognisers,
                    "recognised_by": recognised_by,
                })
            ),
            false => writeln!(out, "{id:<22}{:<26}{what}", presidio.unwrap_or("-")),
        };
    }
}

/// What recognises a kind: by a pattern, and without one.
fn recognised_by(kind: Kind) -> Vec<Value> {
    let patterns = RECOGNISERS.iter().filter(|row| row.kind == kind).map(|row| {
        json!({
            "id": row.id, "source": row.source, "words": row.words, "examples": row.examples,
            "counter_examples": row.counter_examples,
        })
    });
    let marked = MARKED.iter().filter(|row| row.kind == kind).map(|row| {
        json!({
            "id": row.id, "source": row.source, "words": row.words, "examples": row.examples,
            "counter_examples": row.counter_examples,
        })
    });
    patterns.chain(marked).collect()
}

/// Every finding. Scores have two digits: more would say more than is known.
pub fn spans(scanned: &Scanned, json: bool, out: &mut dyn Write) {
    let is_of_several = scanned.files.len() > 1;
    for (file, column, span) in &scanned.spans {
        let name = &scanned.columns[*column].name;
        let (kind, score) = (span.kind.id(), (f64::from(span.score) * 100.0).round() / 100.0);
        let _ = if json {
            let mut told = json!({ "row": span.row, "column": name, "start": span.start, "end": span.end, "kind": kind, "score": score });
            if is_of_several {
                told["file"] = json!(scanned.files[*file]);
            }
            writeln!(out, "{told}")
        } else {
            let file = if is_of_several { format!("{} ", scanned.files[*file]) } else { String::new() };
            writeln!(out, "{file}row {} {name} {}..{} {kind} {score}", span.row, span.start, span.end)
        };
    }
}

/// What each column is of.
pub fn columns(scanned: &Scanned, path: &str, json: bool, out: &mut dyn Write) {
    if json {
        for column in &scanned.columns {
            let _ = writeln!(out, "{}", object(column));
        }
        return;
    }
    let path: String = path.chars().map(|sign| if sign.is_control() { '?' } else { sign }).collect();
    let width = scanned.columns.iter().map(|column| column.name.chars().count()).max().unwrap_or(0).clamp(6, 40) + 2;
    let _ = writeln!(out, "{path} · {} rows\n", count(scanned.rows));
    let _ = writeln!(out, "  {:<width$}{:>10}  {:<22}{:<7}found in cells", "column", "cells", "is of", "sure");
    for column in &scanned.columns {
        let verdict = &column.verdict;
        let sure = verdict.kind.map(|_| format!("{:.2}", verdict.confidence)).unwrap_or_default();
        let found: Vec<_> =
            verdict.found.iter().map(|(kind, cells)| format!("{} {}", kind.id(), count(*cells))).collect();
        let line = format!(
            "  {:<width$}{:>10}  {:<22}{:<7}{}",
            column.name,
            count(column.tally.cells),
            verdict.kind.unwrap_or("-"),
            sure,
            found.join(", ")
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let personal = scanned.columns.iter().filter(|column| column.verdict.kind.is_some()).count();
    let _ = writeln!(
        out,
        "\n  {personal} of {} columns are about people; `--toml` proposes their schema",
        scanned.columns.len()
    );
}

/// What nobody could look at, on stderr whatever the result is: silence would say that nothing is there.
pub fn unread(scanned: &Scanned) {
    let mut stderr = std::io::stderr().lock();
    for (column, why) in &scanned.unread {
        let _ = writeln!(stderr, "column `{column}` was not scanned: {why}");
    }
    if scanned.cells_unread > 0 {
        let _ = writeln!(stderr, "{} cells could not be read and were not scanned", count(scanned.cells_unread));
    }
    if scanned.are_keys_too_many {
        let _ = writeln!(
            stderr,
            "objects have keys for more than {} columns: those beyond were scanned as `key` and `value` of their object",
            count(PATHS_MAX as u64)
        );
    }
}

fn object(column: &ScannedColumn) -> serde_json::Value {
    let (verdict, tally) = (&column.verdict, &column.tally);
    let round = |number: f64| (number * 1000.0).round() / 1000.0;
    let found: serde_json::Map<_, _> =
        verdict.found.iter().map(|(kind, cells)| (kind.id().to_owned(), json!(cells))).collect();
    json!({
        "column": column.name, "cells": tally.cells, "nulls": tally.nulls, "distinct": tally.distinct(),
        "kind": verdict.kind, "class": verdict.kind.map(|kind| class(kind).as_str()), "confidence": round(verdict.confidence),
        "because": { "name": verdict.is_named, "shape": round(verdict.shape), "check": round(verdict.check) },
        "found": found,
    })
}

/// How delicate a kind is.
pub fn class(kind: &str) -> Class {
    let sensitive = [
        Kind::DateOfBirth,
        Kind::Nino,
        Kind::NhsNumber,
        Kind::Utr,
        Kind::Passport,
        Kind::DrivingLicence,
        Kind::BankAccount,
        Kind::Iban,
        Kind::Card,
        Kind::Credential,
    ];
    if Kind::parse(kind).is_some_and(|kind| sensitive.contains(&kind)) { Class::Sensitive } else { Class::Personal }
}

/// The columns of a schema file, for a person to look through.
pub fn toml(scanned: &Scanned, out: &mut dyn Write) {
    let mut text = String::from(
        "# Proposed from what was found; look it through. A path within a column is told as a comment.\n\
         # Nothing runs before each `confirmed = false` is decided and taken out.\n[columns]\n",
    );
    let told = scanned.columns.iter().filter(|column| is_told(column));
    let mut taken: BTreeSet<String> =
        told.filter_map(|column| Name::new(&column.name).ok()).map(|name| name.to_string()).collect();
    for column in &scanned.columns {
        let column_type = column.column_type.unwrap_or(ColumnType::Text);
        let (name, source) = match Name::new(&column.name) {
            Ok(name) => (name.to_string(), String::new()),
            Err(_) => {
                let name = snake(&column.name);
                let name = if is_told(column) { unique(&name, &mut taken) } else { name };
                (name, format!(", source = {}", json!(column.name)))
            }
        };
        let verdict = proposed(column, column_type);
        let nullable = if column.tally.nulls > 0 { ", nullable = true" } else { "" };
        let _ = writeln!(
            text,
            "{}{name} = {{ type = \"{column_type}\"{verdict}{nullable}{source} }}",
            if is_told(column) { "" } else { "# " }
        );
    }
    let _ = out.write_all(text.as_bytes());
}

/// Whether a schema file can have it: no path within a column, and no name that may be a value.
fn is_told(column: &ScannedColumn) -> bool {
    !column.is_path && !column.name.ends_with(NOT_REPEATED)
}

/// Class and kind. Where cells hold something, or nobody looked at them, and the column as a whole is of nothing, somebody has to decide.
fn proposed(column: &ScannedColumn, column_type: ColumnType) -> String {
    // Of as many cells the kind that stands first.
    let most = column.verdict.found.iter().rev().max_by_key(|(_, cells)| *cells);
    match (column.verdict.kind, most) {
        (Some("free_text"), _) if column_type == ColumnType::Text => {
            ", class = \"personal\", kind = \"free_text\", treat = { analytics = \"scrub\" }".to_owned()
        }
        (Some(kind), _) => format!(", class = \"{}\", kind = \"{kind}\"", class(kind).as_str()),
        (None, Some((kind, _))) => {
            format!(", class = \"{}\", kind = \"{}\", confirmed = false", class(kind.id()).as_str(), kind.id())
        }
        (None, None) if column.is_unread => ", class = \"personal\", confirmed = false".to_owned(),
        (None, None) => ", class = \"internal\"".to_owned(),
    }
}

/// `wanted`, or with a number behind it, so that it is none of `taken`; taken from then on.
fn unique(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let first = match wanted.get(..NAME_BYTES_MAX) {
        Some(short) if wanted.len() > NAME_BYTES_MAX => short.trim_end_matches('_'),
        _ => wanted,
    };
    // One more than are taken is enough to find one that is not.
    let numbers = (2..taken.len() + 3).map(|number| numbered(wanted, number, NAME_BYTES_MAX));
    let mut names = std::iter::once(first.to_owned()).chain(numbers);
    let name = names.find(|name| !taken.contains(name)).unwrap_or_else(|| first.to_owned());
    taken.insert(name.clone());
    name
}

/// A name of ours for one that is not.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for sign in name.chars() {
        match sign.to_ascii_lowercase() {
            sign @ ('a'..='z' | '0'..='9') => snake.push(sign),
            _ if !snake.is_empty() && !snake.ends_with('_') => snake.push('_'),
            _ => {}
        }
    }
    let snake = snake.trim_end_matches('_');
    if snake.starts_with(|sign: char| sign.is_ascii_alphabetic()) { snake.to_owned() } else { format!("c_{snake}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::{CellKind, ColumnTally, verdict};

    fn column(name: &str, column_type: Option<ColumnType>) -> ScannedColumn {
        let tally = ColumnTally::new(CellKind::Text);
        let verdict = verdict(name, &tally);
        ScannedColumn { name: name.to_owned(), is_path: false, column_type, is_unread: false, tally, verdict }
    }

    fn proposal(columns: Vec<ScannedColumn>) -> Vec<String> {
        let (spans, files, unread) = (Vec::new(), Vec::new(), Vec::new());
        let scanned = Scanned { columns, spans, files, rows: 0, unread, cells_unread: 0, are_keys_too_many: false };
        let mut out = Vec::new();
        toml(&scanned, &mut out);
        let text = String::from_utf8(out).expect("text");
        text.lines().skip_while(|line| *line != "[columns]").skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn every_column_has_a_name_of_its_own_and_only_a_path_is_a_comment() {
        let path = ScannedColumn { is_path: true, ..column("a.e_mail", None) };
        let names = ["E-Mail", "E mail", "e_mail", "Tel. no", "List [kg]"].map(|name| column(name, None));
        let lines = proposal(names.into_iter().chain([path]).collect());
        let names: Vec<&str> = lines.iter().filter_map(|line| Some(line.split_once(" = ")?.0)).collect();
        assert_eq!(names, ["e_mail_2", "e_mail_3", "e_mail", "tel_no", "list_kg", "# a_e_mail"]);
        assert!(lines[3].ends_with(", source = \"Tel. no\" }"), "{}", lines[3]);
        let long = "a".repeat(70);
        let mut taken = BTreeSet::new();
        let names = [&long, &long].map(|name| unique(name, &mut taken));
        assert!(names.iter().all(|name| Name::new(name).is_ok()) && names[0] != names[1], "{names:?}");
    }

    #[test]
    fn what_was_found_and_what_nobody_looked_at_has_to_be_decided() {
        let mut found = column("remark", None);
        found.verdict.found = vec![(Kind::Email, 2), (Kind::Nino, 3), (Kind::Iban, 3)];
        let unread = ScannedColumn { is_unread: true, ..column("photo", Some(ColumnType::Bytea)) };
        let plain = column("seen_at", Some(ColumnType::Timestamp));
        assert_eq!(
            proposal(vec![found, unread, plain]),
            [
                "remark = { type = \"text\", class = \"sensitive\", kind = \"nino\", confirmed = false }",
                "photo = { type = \"bytea\", class = \"personal\", confirmed = false }",
                "seen_at = { type = \"timestamp\", class = \"internal\" }",
            ]
        );
    }

    #[test]
    fn every_kind_says_what_recognises_it() {
        for (kind, id, ..) in KINDS {
            let by = recognised_by(*kind);
            assert!(!by.is_empty(), "{id}");
            for by in by {
                assert!(by["source"].as_str().is_some_and(|source| !source.is_empty()), "{by}");
                for sort in ["examples", "counter_examples"] {
                    assert!(by[sort].as_array().is_some_and(|texts| !texts.is_empty()), "{by}");
                }
            }
        }
    }
}
