//! Any cells of a column: each stays, NULL stays NULL, and nothing is left to find.

#![no_main]
#![allow(dead_code, unused_imports)]

mod privacy;

use arrow::array::{Array, AsArray, StringViewArray};
use libfuzzer_sys::fuzz_target;
use privacy::{Engine, Header, scrub};

fuzz_target!(|data: (String, Vec<Option<String>>)| {
    let (name, cells) = data;
    let before: StringViewArray = cells.iter().map(Option::as_deref).collect();
    let (after, _) = scrub(&before, &name).expect("scrubbed");
    assert_eq!((after.len(), after.null_count()), (before.len(), before.null_count()));
    let engine = Engine::shared().expect("an engine");
    let (header, mut work, mut found) = (Header::new(&name), engine.take_work(), Vec::new());
    for (before, after) in before.iter().zip(after.as_string_view()) {
        assert_eq!(before.is_none(), after.is_none());
        engine.find(after.unwrap_or_default(), &header, &mut work, &mut found);
        assert!(found.is_empty() || after == Some("<free_text>"));
    }
    engine.give_back(work);
});
