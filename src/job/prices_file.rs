//! What things cost in an environment: `[prices]`, each with the month that it is of.

use super::environment_file::Reader;
use super::tree::Node;
use crate::cost::{FARGATE, Prices};

/// No price is as high, in USD.
const USD_MAX: f64 = 1_000.0;

impl Reader<'_> {
    /// Reads `[prices]`; a price that is none is told.
    pub(super) fn prices(&mut self, node: &Node) -> Prices {
        let as_of = node.get("as_of").and_then(Node::text).unwrap_or_default();
        let is_plain = as_of.len() <= 40 && !as_of.chars().any(char::is_control);
        if !is_plain {
            self.no_price(node, "as_of");
        }
        // What a request costs is said with the others or not at all.
        let has_requests = ["put_thousand_usd", "get_thousand_usd"].iter().any(|key| node.get(key).is_some());
        let basis = match has_requests {
            true => format!("the environment's prices of {as_of}"),
            false => format!("the environment's prices of {as_of}, requests by the {}", FARGATE.basis),
        };
        let mut usd = |key: &str| match node.get(key).and_then(Node::text).and_then(price) {
            Some(usd) => usd,
            None => {
                self.no_price(node, key);
                0.0
            }
        };
        Prices {
            vcpu_hour_usd: usd("vcpu_hour_usd"),
            gb_hour_usd: usd("gb_hour_usd"),
            egress_gb_usd: usd("egress_gb_usd"),
            put_thousand_usd: if has_requests { usd("put_thousand_usd") } else { FARGATE.put_thousand_usd },
            get_thousand_usd: if has_requests { usd("get_thousand_usd") } else { FARGATE.get_thousand_usd },
            basis: basis.into(),
        }
    }

    fn no_price(&mut self, node: &Node, key: &str) {
        let at = self.text.place(node.get(key).map_or(node.span.start, |node| node.span.start));
        let hint = "a decimal number from 0 to 1000 in quotes; `as_of` a month such as 2026-11";
        self.problems.add("E-ENV-PRICE", at, format!("`{key}` is no price, or not when it is of"), Some(hint.into()));
    }
}

/// Digits with a point, and nothing else that a float can be written as.
fn price(text: &str) -> Option<f64> {
    let is_decimal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|usd: &f64| is_decimal && (0.0..=USD_MAX).contains(usd))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_decimal_number_and_nothing_else() {
        assert_eq!((price("0.04656"), price("0"), price("1000")), (Some(0.04656), Some(0.0), Some(1000.0)));
        for text in ["", ".", "-1", "1e3", "NaN", "inf", "1000.01", "0.1.2", "0,1", " 1"] {
            assert_eq!(price(text), None, "{text}");
        }
    }
}
