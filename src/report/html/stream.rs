//! What a stream is like, partition by partition, as a table of a run's page.

use super::super::dataset::StreamReport;
use super::super::drift::PartitionReport;
use super::super::numbers::{count, counted};
use super::chart;
use super::frame::{Markup, Tone};
use super::parts::{Head, Kind, number, table};

/// Partitions that are shown, those that need a look first.
const PARTITIONS_SHOWN_MAX: usize = 24;

/// The partitions, and what is not theirs alone in a sentence.
pub fn stream(stream: &StreamReport) -> Markup {
    let mut shown: Vec<&PartitionReport> = stream.partitions.iter().collect();
    shown.sort_by_key(|partition| {
        let lacking = partition.lacking_offsets.unwrap_or(0);
        (std::cmp::Reverse(partition.differing), std::cmp::Reverse(lacking), partition.passed, partition.partition)
    });
    let more = shown.len().saturating_sub(PARTITIONS_SHOWN_MAX);
    shown.truncate(PARTITIONS_SHOWN_MAX);
    let heads = [
        Head { name: "Partition", kind: Kind::Text },
        Head { name: "Positions read", kind: Kind::Text },
        Head { name: "Past the extract", kind: Kind::Text },
        Head { name: "Keys", kind: Kind::Number },
        Head { name: "Differ", kind: Kind::Number },
        Head { name: "Lacking", kind: Kind::Number },
        Head { name: "Again", kind: Kind::Number },
        Head { name: "From its first position to its last", kind: Kind::Wide },
    ];
    let optional = |number: Option<u64>| match number {
        Some(number) => Markup::new().text(&count(number)),
        None => Markup::new().raw("<span class=\"soft\">not told</span>"),
    };
    let row = |partition: &&PartitionReport| {
        let (from, to) = partition.positions;
        let lies = chart::lies(&partition.differing_at).unwrap_or_else(|| "nowhere".into());
        let label = format!("Keys of partition {} by their last events: what differs lies {lies}", partition.partition);
        vec![
            Markup::new().text(&partition.partition.to_string()),
            Markup::new().text(&format!("{} to {}", count(from), count(to))),
            Markup::new().add(if partition.passed { Tone::Match.chip("yes") } else { Tone::Open.chip("not yet") }),
            number(partition.keys),
            number(partition.differing),
            optional(partition.lacking_offsets),
            optional(partition.again),
            chart::range("strip", &partition.keys_at, &partition.differing_at, &label),
        ]
    };
    let mut words = format!(
        "{}, of which {} later than the extract{}.",
        counted(stream.events, "event"),
        count(stream.later),
        if stream.by_window > 0 { format!(" and {} placed by clocks", count(stream.by_window)) } else { String::new() }
    );
    if stream.heartbeat {
        words += " A heartbeat shows that it has come past the extract.";
    }
    for (number, thing) in [
        (stream.tombstones, "tombstone"),
        (stream.truncates, "truncation"),
        (stream.replayed, "replayed event"),
        (stream.stale_reads, "stale snapshot read"),
    ] {
        if number > 0 {
            words += &format!(" {}.", counted(number, thing));
        }
    }
    if more > 0 {
        words += &format!(" {} more, with less to tell, not shown.", counted(more as u64, "partition"));
    }
    let untold = stream.untold.iter().map(|(column, because)| {
        Markup::new().raw("<p>Some events do not tell ").code(column).raw(": ").text(because).raw(".</p>\n")
    });
    Markup::new()
        .raw("<h4>The stream, by partition</h4>\n")
        .add(table(Markup::new().text(&words), &heads, shown.iter().map(row)))
        .all(untold)
}
