//! The result of a scan: a table for people, an object a line for programs, or the columns of a schema file.

use super::look::{NOT_REPEATED, Scanned, ScannedColumn};
use crate::data::{Class, Name};
use crate::privacy::{CellKind, KINDS, Kind, RECOGNISERS};
use crate::report::count;
use serde_json::json;
use std::fmt::Write as _;
use std::io::Write;

/// Lists the kinds.
pub fn kinds(json: bool, out: &mut dyn Write) {
    for (kind, id, presidio, what) in KINDS {
        let recognisers: Vec<&str> = RECOGNISERS.iter().filter(|row| row.kind == *kind).map(|row| row.id).collect();
        // A closed pipe is the reader's choice; so everywhere here.
        let _ = match json {
            true => writeln!(
                out,
                "{}",
                json!({ "kind": id, "presidio": presidio, "what": what, "class": class(id).as_str(), "recognisers": recognisers })
            ),
            false => writeln!(out, "{id:<22}{:<26}{what}", presidio.unwrap_or("-")),
        };
    }
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
        "# Proposed from what was found; look it through. A path within a column is told as a comment.\n[columns]\n",
    );
    for column in &scanned.columns {
        let column_type = match column.tally.cell_kind {
            CellKind::Text => "text",
            CellKind::Number => "bigint",
            CellKind::Date => "date",
            CellKind::Other => "text",
        };
        let (name, source) = match Name::new(&column.name) {
            Ok(name) => (name.to_string(), String::new()),
            Err(_) => (snake(&column.name), format!(", source = {}", json!(column.name))),
        };
        let verdict = match (column.verdict.kind, column.verdict.found.is_empty()) {
            (Some("free_text"), _) => {
                ", class = \"personal\", kind = \"free_text\", treat = { analytics = \"scrub\" }".to_owned()
            }
            (Some(kind), _) => format!(", class = \"{}\", kind = \"{kind}\"", class(kind).as_str()),
            (None, _) => ", class = \"internal\"".to_owned(),
        };
        let nullable = if column.tally.nulls > 0 { ", nullable = true" } else { "" };
        let is_path = column.name.contains(['.', '[']) || column.name.ends_with(NOT_REPEATED);
        let _ = writeln!(
            text,
            "{}{name} = {{ type = \"{column_type}\"{verdict}{nullable}{source} }}",
            if is_path { "# " } else { "" }
        );
    }
    let _ = out.write_all(text.as_bytes());
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
