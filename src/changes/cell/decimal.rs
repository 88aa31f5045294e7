//! Decimals as their unscaled bytes.

use super::{Target, Untold};
use crate::data::RowFault;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// `numeric` without a declared scale: `{"scale":2,"value":"fQ=="}`.
pub(super) fn variable_scale(target: &mut Target<'_>, text: &str) -> Result<(), Untold> {
    #[derive(serde::Deserialize)]
    struct Variable<'a> {
        scale: i32,
        #[serde(borrow)]
        value: std::borrow::Cow<'a, str>,
    }
    let variable: Variable<'_> = serde_json::from_str(text).map_err(|_| Untold::Unread)?;
    target.cells.push_decimal(unscaled(&variable.value).map_err(super::unread)?, variable.scale).map_err(super::unread)
}

/// Bytes of a decimal that are decoded without asking for memory.
const SHORT_BYTES: usize = 24;

/// Big-endian two's complement of up to 16 bytes, in base64.
pub(in crate::changes) fn unscaled(base64: &str) -> Result<i128, RowFault> {
    let mut short = [0; SHORT_BYTES];
    match base64.len() <= SHORT_BYTES {
        true => {
            STANDARD.decode_slice(base64, &mut short).map_err(|_| RowFault::Type).and_then(|n| integer(&short[..n]))
        }
        false => STANDARD.decode(base64).map_err(|_| RowFault::Type).and_then(|bytes| integer(&bytes)),
    }
}

/// Big-endian two's complement of up to 16 bytes.
pub(super) fn integer(bytes: &[u8]) -> Result<i128, RowFault> {
    let first = *bytes.first().ok_or(RowFault::Type)?;
    let sign: u8 = if first & 0x80 == 0 { 0 } else { 0xff };
    let surplus = bytes.len().saturating_sub(16);
    // Leading bytes that only repeat the sign carry nothing.
    if bytes[..surplus].iter().any(|byte| *byte != sign) {
        return Err(RowFault::Range);
    }
    let mut wide = [sign; 16];
    let kept = &bytes[surplus..];
    wide[16 - kept.len()..].copy_from_slice(kept);
    let number = i128::from_be_bytes(wide);
    if (number < 0) == (sign != 0) { Ok(number) } else { Err(RowFault::Range) }
}
