//! COPY text as the server writes it.

use super::{COLUMNS, Laid, Succeeds, agrees, client, project, refused, run};
use arrow::array::AsArray;
use nightferry::format::copy_text::{End, open, open_with_header};
use std::io::{Cursor, Write};
use std::process::Stdio;

/// Texts of what COPY escapes and what looks like it, and of letters of one to four bytes.
fn nasty() -> Vec<String> {
    const PIECES: [&str; 18] = [
        "\\", "N", "\\N", "\\.", ".", "\t", "\n", "\r", "\u{8}", "\u{b}", "\u{c}", "\u{1}", "x41", "101", "é", "🐉",
        " ", "\"'",
    ];
    let mut texts: Vec<String> = PIECES.iter().map(|piece| (*piece).to_owned()).collect();
    texts.push(String::new());
    for one in PIECES {
        for other in PIECES {
            texts.push(format!("{one}{other}"));
            texts.push(format!("{other}{one}{other}{one}"));
        }
    }
    texts
}

#[test]
fn gives_back_every_text_that_the_server_copied_out() {
    let texts = nasty();
    // In by INSERT, out by COPY: the way back is the server's own.
    let quoted = |text: &String| format!("('{}')", text.replace('\'', "''"));
    let values = texts.iter().map(quoted).collect::<Vec<_>>().join(",");
    let laid = Laid::new();
    let sql = format!(
        "create table app.nasty (n serial, v text); insert into app.nasty (v) values {values}, (null); \
         copy (select v, n from app.nasty order by n) to stdout;"
    );
    let mut psql = laid
        .client("psql")
        .args(["-q", "-v", "ON_ERROR_STOP=1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    psql.stdin.take().expect("a pipe").write_all(sql.as_bytes()).expect("written");
    let out = psql.wait_with_output().expect("ended");
    assert!(out.status.success());
    let expected: Vec<Option<String>> = texts.into_iter().map(Some).chain([None]).collect();
    let opened = open(vec!["v".into(), "n".into()], Box::new(Cursor::new(out.stdout)), End::MarkedOrNot);
    let mut read = Vec::new();
    for batch in opened.rows(vec![0], 100) {
        read.extend(batch.expect("rows").column(0).as_string_view().iter().map(|cell| cell.map(str::to_owned)));
    }
    assert_eq!(read, expected);
    assert_eq!(read.len(), 668);
}

#[test]
fn finds_the_columns_that_the_server_named_in_the_first_line() {
    let sql = "copy (select 1 as \"CfD_ID\", 2 as \"a\tb\\c\", 3 as \"M\u{f4}r\") to stdout with (header)";
    let out = client("psql", "postgres").args(["-qc", sql]).succeeds();
    let opened =
        open_with_header(Box::new(Cursor::new(out.into_bytes())), &|names| names[0] == "CfD_ID").expect("a header");
    let names: Vec<&str> = opened.columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["CfD_ID", "a\tb\\c", "M\u{f4}r"]);
}

#[test]
fn files_of_copy_text_give_what_the_server_holds() {
    let laid = Laid::new();
    let ferry = project("files = { url = \"in\" }");
    ferry.write("in/extract.json", b"{\"extracted_at\":\"2026-11-23T01:00:00Z\"}");
    std::fs::create_dir(ferry.path("in/app.thing")).expect("made");
    let file = |name: &str| ferry.path(&format!("in/{name}")).to_string_lossy().into_owned();
    let columns = COLUMNS.map(|(_, at_source, ..)| format!("\"{}\"", at_source.replace('"', "\"\""))).join(", ");
    for (name, some) in [("app.thing/a.copy", "id < 4"), ("app.thing/b.copy", "id >= 4")] {
        let copy = format!(
            "\\copy (select {columns} from app.thing where {some} order by id) to '{}' with (header)",
            file(name)
        );
        laid.client("psql").args(["-qc", &copy]).succeeds();
    }
    let nothing = format!("\\copy app.nothing to '{}' with (header)", file("app.nothing.copy"));
    laid.client("psql").args(["-qc", &nothing]).succeeds();
    run(&ferry);
    agrees(&ferry, &laid.printed(), "two files");
}

#[test]
fn refuses_copy_text_without_its_columns_or_its_end() {
    let ferry = project("files = { url = \"in\" }");
    ferry.write("in/app.nothing.copy", b"id\tnote\n");
    ferry.write("in/app.thing.copy", b"1\t2\n");
    refused(
        &ferry,
        "E-INPUT-22",
        "app.thing.copy is damaged: has no first line with the key columns, as COPY .. WITH (HEADER) writes it",
    );
    ferry.write("in/app.thing.copy", b"id\n1\n2");
    refused(&ferry, "E-DRIFT-20", "app.thing.copy: `small`, `whole`,");
    ferry.write("schemas/thing.toml", ferry.read("schemas/nothing.toml").replace("note", "noted").as_bytes());
    ferry.write("in/app.thing.copy", b"id\tnoted\n1\t\n2");
    refused(&ferry, "E-INPUT-22", "app.thing.copy is damaged: ends inside a row at row 1");
}
