//! Rows of a published file once more: for the audience that the file says, of the dataset that it says, with the columns that it
//! has, and for no other.

use super::world::{columns, part, public_schema};
use crate::data::{Audience, Name};
use crate::format::parquet_back::{PublishedRows, published};
use crate::privacy::again;
use arrow::array::BooleanArray;

fn rows(audience: Audience) -> PublishedRows {
    let bytes = part("invoice", 3, audience).expect("a part").bytes().clone();
    let schema = crate::privacy::published_schema(&columns(audience));
    published(bytes, schema).expect("a file of ours").next().expect("a batch").expect("rows")
}

#[test]
fn takes_rows_for_whom_they_were_made_and_refuses_them_for_everyone_else() {
    let name = |text: &str| Name::new(text).expect("a name");
    let (of, invoice) = (columns(Audience::Analytics), name("invoice"));
    let shown = rows(Audience::Analytics).kept(&BooleanArray::from(vec![true, false, true])).expect("some");
    let same = again(&shown, &of, Audience::Analytics, &invoice).expect("its own audience");
    assert_eq!((same.rows(), same.audience(), same.dataset()), (shown.rows(), Audience::Analytics, &invoice));
    // Rows that hold what nobody else may see.
    let clear = rows(Audience::Restricted);
    assert!(again(&clear, &columns(Audience::Restricted), Audience::Restricted, &invoice).is_ok());
    for (rows, columns, audience, dataset) in [
        (&clear, columns(Audience::Restricted), Audience::Analytics, &invoice),
        (&clear, of.clone(), Audience::Analytics, &invoice),
        (&clear, of.clone(), Audience::Restricted, &invoice),
        (&shown, of.clone(), Audience::Public, &invoice),
        (&shown, of.clone(), Audience::Analytics, &name("unit")),
        (&shown, columns(Audience::Restricted), Audience::Analytics, &invoice),
    ] {
        assert!(again(rows, &columns, audience, dataset).is_err(), "{audience} {dataset}");
    }
}

#[test]
fn takes_no_file_that_does_not_say_for_whom_it_was_made() {
    let bytes = part("invoice", 3, Audience::Analytics).expect("a part").bytes().clone();
    assert!(published(bytes.slice(..bytes.len() - 9), public_schema()).is_err());
    assert!(published(bytes, crate::privacy::published_schema(&columns(Audience::Restricted))).is_err());
}
