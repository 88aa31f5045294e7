//! Any text under any column's name: what is found lies in it, in order, on borders of characters; the verdict on a column takes it too.

#![no_main]
#![allow(dead_code, unused_imports)]

mod privacy;

use libfuzzer_sys::fuzz_target;
use privacy::{CellKind, ColumnTally, Engine, Header, verdict};

fuzz_target!(|data: (String, String)| {
    let (name, text) = data;
    let engine = Engine::shared().expect("an engine");
    let (header, mut work, mut found) = (Header::new(&name), engine.take_work(), Vec::new());
    engine.find(&text, &header, &mut work, &mut found);
    let mut end = 0;
    for finding in &found {
        assert!(finding.start >= end && finding.start < finding.end);
        assert!(text.get(finding.start..finding.end).is_some());
        assert!((0.5..=1.0).contains(&finding.score));
        end = finding.end;
    }
    let mut tally = ColumnTally::new(CellKind::Text);
    tally.add(&text, &header, engine, &mut work);
    verdict(&name, &tally);
    engine.give_back(work);
});
