//! Images -> key and value again, each cell as it is landed.

use super::{ImageTerms, Images, LandedAs, Part, Slot, Spelling, Tells};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write;

/// The cells that are landed in the place of those that came, by the place of their column.
pub struct MadeCells<'m>(Vec<Option<(usize, &'m ArrayRef)>>);

impl Images<'_> {
    /// Finds the cells of `made`, which are those of [`Images::cells`] as they are landed, by name.
    pub fn made<'m>(&self, made: &'m RecordBatch, terms: &ImageTerms<'_>) -> MadeCells<'m> {
        let mut of = vec![None; terms.columns.len()];
        for (nth, place) in self.typed.iter().enumerate() {
            of[*place] = made.column_by_name(terms.columns[*place].name.as_str()).map(|cells| (nth, cells));
        }
        MadeCells(of)
    }

    /// Writes the key and the value of a record into `out`, which are cleared first, with the cells of `made`; whether it has the one
    /// and the other. `None` where it is not landed, or a cell of `made` is of a type that no event holds.
    pub fn write(
        &self,
        record: usize,
        made: &MadeCells<'_>,
        terms: &ImageTerms<'_>,
        out: &mut [String; 2],
    ) -> Option<[bool; 2]> {
        let (key, value) = self.records.get(record)?.as_ref().ok()?;
        let [key_out, value_out] = out;
        Some([self.part(key, made, terms, key_out)?, self.part(value, made, terms, value_out)?])
    }

    fn part(&self, part: &Part<'_>, made: &MadeCells<'_>, terms: &ImageTerms<'_>, out: &mut String) -> Option<bool> {
        out.clear();
        let (frame, is_event) = match part {
            Part::None => return Some(false),
            Part::Key(frame) => (frame, false),
            Part::Event(frame) => (frame, true),
        };
        if let Some(schema) = &frame.schema {
            write!(out, "{{\"schema\":{schema},\"payload\":").ok()?;
        }
        if is_event && frame.is_flat {
            self.slot(&frame.after, made, terms, out)?;
            // A row that is none has nothing beside it.
            if matches!(frame.after, Slot::Image(_)) {
                out.pop();
                frame.rest.iter().for_each(|(name, text)| field(name, text, out));
                out.push('}');
            }
        } else if is_event {
            out.push('{');
            for (name, slot) in [("before", &frame.before), ("after", &frame.after)] {
                if !matches!(slot, Slot::Absent) {
                    field(name, "", out);
                    self.slot(slot, made, terms, out)?;
                }
            }
            frame.rest.iter().for_each(|(name, text)| field(name, text, out));
            out.push('}');
        } else {
            self.slot(&frame.after, made, terms, out)?;
        }
        if frame.schema.is_some() {
            out.push('}');
        }
        Some(true)
    }

    fn slot(&self, slot: &Slot, made: &MadeCells<'_>, terms: &ImageTerms<'_>, out: &mut String) -> Option<()> {
        let Slot::Image(image) = slot else {
            out.push_str("null");
            return Some(());
        };
        out.push('{');
        let cells = self.images.image(*image);
        for (at, cell) in cells.iter().enumerate() {
            // Of a field that is there twice the last one counts.
            if cells[at + 1..].iter().any(|later| later.spelling == cell.spelling) {
                continue;
            }
            let Spelling { name, place } = &self.spellings[cell.spelling as usize];
            if terms.landed[*place] == LandedAs::LeftOut {
                continue;
            }
            comma(out);
            quote(name, out)?;
            out.push(':');
            match terms.landed[*place] {
                LandedAs::Kept => out.push_str(cell.value.written()),
                LandedAs::Made => {
                    let (nth, cells) = made.0[*place]?;
                    match self.tells[*image * self.typed.len() + nth] {
                        Tells::Kept => quote(&terms.reading.placeholder, out)?,
                        _ => printed(cells, *image, out)?,
                    }
                }
                LandedAs::Nulled | LandedAs::LeftOut => out.push_str("null"),
            }
        }
        out.push('}');
        Some(())
    }
}

/// A field whose name needs no escape.
pub(super) fn field(name: &str, text: &str, out: &mut String) {
    comma(out);
    out.push('"');
    out.push_str(name);
    out.push_str("\":");
    out.push_str(text);
}

fn comma(out: &mut String) {
    if !out.ends_with(['{', '[']) {
        out.push(',');
    }
}

fn quote(text: &str, out: &mut String) -> Option<()> {
    // Nearly all need no escape.
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::to_string(text).ok()?);
    }
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
