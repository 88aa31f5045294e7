//! Objects of every packing, whole and cut.

use super::pour::PIECE_BYTES;
use super::*;
use crate::changes::Block;
use futures::StreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use std::sync::Arc;

/// Lines that no packing makes small, so that an object takes several pieces.
fn lines(pieces: u64) -> Vec<u8> {
    let (mut text, mut state) = (Vec::new(), 1u64);
    while (text.len() as u64) < pieces * PIECE_BYTES {
        for _ in 0..100 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Any byte but a line end.
            text.extend((state >> 8).to_be_bytes().map(|byte| if byte == b'\n' { 0 } else { byte }));
        }
        text.push(b'\n');
    }
    text
}

async fn poured(ending: &str, packed: Vec<u8>) -> Result<(Vec<Block>, Vec<String>), SourceError> {
    let store = Arc::new(InMemory::new());
    let path = format!("topics/t/partition=0/t+0+0000000007.json{ending}");
    store.put(&Path::from(path), packed.into()).await.expect("put");
    let folder = Folder::new(store as Arc<dyn ObjectStore>, Path::from("topics"), "topics");
    let topic = Topic::open(&Name::new("topics").expect("a name"), &folder, Layout::Confluent, "t").await?;
    let (mut blocks, mut tags) = (Vec::new(), Vec::new());
    let mut pouring = topic.pour();
    while let Some(next) = pouring.next().await {
        match next? {
            Poured::Block(_, block) => blocks.push(block),
            Poured::Ended(_, tag) => tags.push(tag),
        }
    }
    Ok((blocks, tags))
}

#[tokio::test]
async fn gives_the_lines_of_an_object_of_many_pieces_whatever_packs_them() {
    let text = lines(2);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &text).expect("packed");
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    std::io::Write::write_all(&mut lz4, &text).expect("packed");
    let mut snappy = snap::write::FrameEncoder::new(Vec::new());
    std::io::Write::write_all(&mut snappy, &text).expect("packed");
    let packed = [
        ("", text.clone()),
        (".gz", gzip.finish().expect("packed")),
        (".zst", zstd::encode_all(text.as_slice(), 1).expect("packed")),
        (".lz4", lz4.finish().expect("packed")),
        (".snappy", snappy.into_inner().expect("packed")),
    ];
    for (ending, packed) in packed {
        assert!(packed.len() as u64 > PIECE_BYTES);
        let cut = packed[..packed.len() - 1].to_vec();
        let (blocks, tags) = poured(ending, packed).await.expect("poured");
        assert!(blocks.len() > 2 && blocks[0].first_position == 7, "{ending}");
        assert!(blocks.iter().flat_map(|block| block.bytes.iter()).eq(text.iter()), "{ending}");
        assert!(tags.len() == 1 && !tags[0].is_empty(), "{ending}");
        if !ending.is_empty() {
            assert!(matches!(poured(ending, cut).await, Err(SourceError::Corrupt { .. })), "{ending}");
        }
    }
}

#[tokio::test]
async fn takes_an_empty_object_for_one_that_was_cut() {
    assert!(matches!(poured("", Vec::new()).await, Err(SourceError::Corrupt { .. })));
}
