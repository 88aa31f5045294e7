//! Which column becomes which, and by what: a picture, as text and as SVG.
//!
//! ```text
//! source column            treatment            table column
//! settlements.invoice
//!   contact_email          hmac people          warehouse/invoice.contact_email
//! ```
//!
//! Pure. Never in here: a value of the data.

use super::openlineage::{input_name, is_masking, source_name};
use crate::data::Treatment;
use crate::job::Plan;
use std::fmt::Write;

/// Pixels of a line of the picture.
const LINE: usize = 20;
/// Where its three columns begin.
const AT: [usize; 3] = [20, 420, 700];
const WIDTH: usize = 1_200;
/// Characters of a name in the picture.
const NAME_MAX: usize = 52;

/// One column on its way.
struct Way {
    from: String,
    treatment: String,
    /// Where it is seen; `None` of one that is left out.
    to: Option<String>,
    is_masked: bool,
}

/// A table or query, with what becomes of its columns in one store.
struct Rows {
    from: String,
    ways: Vec<Way>,
}

fn rows(plans: &[&Plan]) -> Vec<Rows> {
    let of = |plan: &&Plan| {
        let datasets = plan.datasets.iter().flat_map(|dataset| {
            let (namespace, name) = input_name(plan, dataset);
            dataset.outputs.iter().map(move |output| {
                let ways = output.columns.iter().map(|shown| Way {
                    from: source_name(&shown.column).to_owned(),
                    treatment: shown.treatment.to_string(),
                    to: (shown.treatment != Treatment::Drop)
                        .then(|| format!("{}/{}.{}", output.store, dataset.name, shown.column.name)),
                    is_masked: is_masking(&shown.treatment),
                });
                Rows { from: format!("{namespace}/{name}"), ways: ways.collect() }
            })
        });
        datasets.collect::<Vec<_>>()
    };
    plans.iter().flat_map(of).collect()
}

/// The picture as text.
pub fn lineage_text(plans: &[&Plan]) -> String {
    let rows = rows(plans);
    let ways = || rows.iter().flat_map(|rows| &rows.ways);
    let from = ways().map(|way| way.from.chars().count()).max().unwrap_or(0);
    let treatment = ways().map(|way| way.treatment.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for Rows { from: table, ways } in &rows {
        let _ = writeln!(text, "{table}");
        for way in ways {
            let to = way.to.as_deref().unwrap_or("-");
            let _ = writeln!(text, "  {:<from$}  {:<treatment$}  {to}", way.from, way.treatment);
        }
    }
    text
}

/// The picture as SVG: one file that loads nothing.
pub fn lineage_svg(plans: &[&Plan]) -> String {
    let rows = rows(plans);
    let lines: usize = rows.iter().map(|rows| rows.ways.len() + 2).sum();
    let height = LINE * (lines + 1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>Where columns come from and what becomes of them</title>\n\
         <style>text{{font:13px sans-serif;fill:#222}}.t{{font-weight:bold}}.m{{fill:#8a3b00}}.d{{fill:#777}}path{{stroke:#999;fill:none}}\
         @media(prefers-color-scheme:dark){{svg{{background:#111}}text{{fill:#ddd}}.m{{fill:#ffb27a}}.d{{fill:#999}}}}</style>\n"
    );
    let mut y = LINE;
    for Rows { from, ways } in &rows {
        let _ = writeln!(svg, "<text class=\"t\" x=\"{}\" y=\"{y}\">{}</text>", AT[0], shown(from, 2 * NAME_MAX));
        y += LINE;
        for way in ways {
            let class = match (&way.to, way.is_masked) {
                (None, _) => " class=\"d\"",
                (_, true) => " class=\"m\"",
                (_, false) => "",
            };
            let middle = y - 4;
            let _ = writeln!(svg, "<text x=\"{}\" y=\"{y}\">{}</text>", AT[0] + 12, shown(&way.from, NAME_MAX));
            let _ = writeln!(svg, "<path d=\"M{} {middle}H{}\"/>", AT[1] - 60, AT[1] - 8);
            let _ =
                writeln!(svg, "<text{class} x=\"{}\" y=\"{y}\">{}</text>", AT[1], shown(&way.treatment, NAME_MAX - 14));
            if let Some(to) = &way.to {
                let _ = writeln!(svg, "<path d=\"M{} {middle}H{}\"/>", AT[2] - 60, AT[2] - 8);
                let _ = writeln!(svg, "<text x=\"{}\" y=\"{y}\">{}</text>", AT[2], shown(to, NAME_MAX + 20));
            }
            y += LINE;
        }
        y += LINE;
    }
    svg + "</svg>\n"
}

/// A text in SVG, so long at most.
fn shown(text: &str, most: usize) -> String {
    let cut: String = match text.chars().count() > most {
        true => text.chars().take(most - 1).chain(['\u{2026}']).collect(),
        false => text.to_owned(),
    };
    cut.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
