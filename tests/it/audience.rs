//! Rows belong to the audience they were made for: no store of another takes them, whatever the walk does.

use crate::readers::store;
use crate::services::local;
use arrow::array::{Int64Array, RecordBatch};
use nightferry::data::scratch::Allowance;
use nightferry::data::{Audience, Beyond, Class, Column, ColumnType, Name, Treatment};
use nightferry::failure::{Failure, Phase};
use nightferry::privacy::{ColumnTreatment, Keys, redact};
use nightferry::store::{Encoder, Part, PartLimits, Parts, Staging, WaitingRoom};
use std::collections::BTreeMap;
use std::sync::Arc;

const ALL: [Audience; 4] = [Audience::Restricted, Audience::Analytics, Audience::Security, Audience::Public];

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

/// One row of the dataset `thing`, made for `audience`, and how its part is encoded.
fn made_for(audience: Audience) -> (Encoder, Part) {
    let column = Column {
        name: name("id"),
        column_type: ColumnType::Bigint,
        class: Class::Open,
        kind: None,
        source: vec!["id".into()],
        nullable: false,
        beyond: Beyond::Error,
        unit: None,
        description: None,
        references: None,
        treat: BTreeMap::new(),
        not_personal: BTreeMap::new(),
    };
    let shown = [ColumnTreatment { column, treatment: Treatment::Keep }];
    let rows = RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from(vec![1])) as _)]).expect("rows");
    let rows = redact(&rows, &shown, audience, &name("thing"), &Keys::none()).expect("treated rows");
    let encoder = Encoder::new(&rows, &shown, "run", None).expect("an encoder");
    let mut parts = Parts::new(&encoder, PartLimits { rows_max: 10, bytes_max: 1 << 20 });
    parts.append(encoder.encode(&[rows]).expect("a row group")).expect("appended");
    (encoder, parts.finish().expect("finished").expect("a part"))
}

#[tokio::test]
async fn a_store_refuses_rows_that_were_made_for_another_audience_with_23() {
    for (audience, other) in ALL.into_iter().flat_map(|audience| ALL.map(|other| (audience, other))) {
        let root = tempfile::tempdir().expect("a folder");
        let to = store("warehouse", other, local(root.path(), "warehouse"), None);
        let (encoder, part) = made_for(audience);
        let scratch = local(root.path(), "scratch").child("scratch");
        let waiting = WaitingRoom::new(scratch, &Allowance::unlimited());
        let mut staging = Staging::new(&to, &name("thing"), "run", encoder.schema(), &waiting);
        let added = staging.add(&part).await;
        if audience == other {
            added.expect("its own store takes it");
            continue;
        }
        let failure = Failure::store(&added.expect_err("refused"), Phase::Stage);
        assert_eq!((failure.ending.id, failure.ending.code), ("E-AUDIENCE-23", 23));
        let told = format!("store `warehouse` is for `{other}`, and the rows are for `{audience}`");
        assert!(failure.to_string().contains(&told), "{failure}");
        let mut left = std::fs::read_dir(root.path().join("store")).expect("the store's folder");
        assert!(left.next().is_none(), "not a byte of it is there");
    }
}
