//! Images -> key and value again, each cell as it is landed.

use super::{ImageTerms, Images, LandedAs, Part, Slot, Tells};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write;

impl Images<'_> {
    /// Key and value of a record with the cells of `made`, which are those of [`Images::cells`] as they are landed, by name.
    /// `None` where it is not landed, or a cell of `made` is of a type that no event holds.
    pub fn write(
        &self,
        record: usize,
        made: &RecordBatch,
        terms: &ImageTerms<'_>,
    ) -> Option<(Option<String>, Option<String>)> {
        let (key, value) = self.records.get(record)?.as_ref().ok()?;
        let part = |part: &Part<'_>| -> Option<Option<String>> {
            let (frame, is_event) = match part {
                Part::None => return Some(None),
                Part::Key(frame) => (frame, false),
                Part::Event(frame) => (frame, true),
            };
            let mut out = String::new();
            if let Some(schema) = &frame.schema {
                write!(out, "{{\"schema\":{schema},\"payload\":").ok()?;
            }
            if is_event && frame.is_flat {
                self.slot(&frame.after, made, terms, &mut out)?;
                // A row that is none has nothing beside it.
                if matches!(frame.after, Slot::Image(_)) {
                    out.pop();
                    for (name, text) in &frame.rest {
                        comma(&mut out);
                        write!(out, "\"{name}\":{text}").ok()?;
                    }
                    out.push('}');
                }
            } else if is_event {
                out.push('{');
                for (name, slot) in [("before", &frame.before), ("after", &frame.after)] {
                    if !matches!(slot, Slot::Absent) {
                        comma(&mut out);
                        write!(out, "\"{name}\":").ok()?;
                        self.slot(slot, made, terms, &mut out)?;
                    }
                }
                for (name, text) in &frame.rest {
                    comma(&mut out);
                    write!(out, "\"{name}\":{text}").ok()?;
                }
                out.push('}');
            } else {
                self.slot(&frame.after, made, terms, &mut out)?;
            }
            if frame.schema.is_some() {
                out.push('}');
            }
            Some(Some(out))
        };
        Some((part(key)?, part(value)?))
    }

    fn slot(&self, slot: &Slot, made: &RecordBatch, terms: &ImageTerms<'_>, out: &mut String) -> Option<()> {
        let Slot::Image(image) = slot else {
            out.push_str("null");
            return Some(());
        };
        out.push('{');
        let cells = &self.images[*image];
        for (at, cell) in cells.iter().enumerate() {
            // Of a field that is there twice the last one counts.
            if cells[at + 1..].iter().any(|later| later.place == cell.place && later.name == cell.name) {
                continue;
            }
            if terms.landed[cell.place] == LandedAs::LeftOut {
                continue;
            }
            comma(out);
            quote(&cell.name, out)?;
            out.push(':');
            match terms.landed[cell.place] {
                LandedAs::Kept => out.push_str(cell.written),
                LandedAs::Made => {
                    let nth = self.typed.iter().position(|place| *place == cell.place)?;
                    match self.tells[*image][nth] {
                        Tells::Kept => quote(&terms.reading.placeholder, out)?,
                        _ => printed(made.column_by_name(terms.columns[cell.place].name.as_str())?, *image, out)?,
                    }
                }
                LandedAs::Nulled | LandedAs::LeftOut => out.push_str("null"),
            }
        }
        out.push('}');
        Some(())
    }
}

pub(super) fn comma(out: &mut String) {
    if !out.ends_with(['{', '[']) {
        out.push(',');
    }
}

fn quote(text: &str, out: &mut String) -> Option<()> {
    out.push_str(&serde_json::to_string(text).ok()?);
    Some(())
}

/// A cell as an event holds it, in a form that no configuration of a connector makes another value of.
fn printed(cells: &ArrayRef, row: usize, out: &mut String) -> Option<()> {
    if cells.is_null(row) {
        out.push_str("null");
        return Some(());
    }
    match cells.data_type() {
        DataType::Utf8View => return quote(cells.as_string_view().value(row), out),
        DataType::Int16 => write!(out, "{}", cells.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => write!(out, "{}", cells.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => write!(out, "{}", cells.as_primitive::<Int64Type>().value(row)),
        DataType::Float32 => write!(out, "{}", cells.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => write!(out, "{}", cells.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => write!(out, "{}", cells.as_boolean().value(row)),
        DataType::Decimal128(_, scale) => {
            let units = cells.as_primitive::<Decimal128Type>().value(row);
            write!(out, "{{\"scale\":{scale},\"value\":\"{}\"}}", STANDARD.encode(units.to_be_bytes()))
        }
        DataType::Date32 => {
            let day = cells.as_primitive::<Date32Type>().value_as_date(row)?;
            write!(out, "\"{}\"", day.format("%Y-%m-%d"))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let moment = cells.as_primitive::<TimestampMicrosecondType>().value_as_datetime(row)?;
            write!(out, "\"{}Z\"", moment.format("%Y-%m-%dT%H:%M:%S%.6f"))
        }
        _ => return None,
    }
    .ok()
}
