//! Text into Markdown: what a person wrote in a file stays text there, whatever signs are in it.

use crate::problem::is_unseen;

/// What marks a place that somebody has to fill in.
pub const TO_FILL_IN: &str = "**TO FILL IN**";

/// A text on one line, of which nothing is a sign of Markdown or HTML.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => out.extend(['\\', sign]),
            sign if is_unseen(sign) => out.push(' '),
            sign => out.push(sign),
        }
    }
    out
}

/// What was said, or that it has to be; with what, in a hint.
pub fn said(text: Option<&String>, what: &str) -> String {
    text.map_or_else(|| format!("{TO_FILL_IN}: {what}"), |text| plain(text))
}

/// The same of several.
pub fn said_all(texts: &[String], what: &str) -> String {
    match texts {
        [] => format!("{TO_FILL_IN}: {what}"),
        texts => texts.iter().map(|text| plain(text)).collect::<Vec<_>>().join("; "),
    }
}

/// A row of a table; its cells are Markdown.
pub fn row(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// The head of a table.
pub fn head(names: &[&str]) -> String {
    format!("{}{}", row(names), row(&vec!["---"; names.len()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_text_whatever_is_in_it() {
        assert_eq!(plain("a|b\n<b>*x*</b> [l](u)"), "a\\|b &lt;b&gt;\\*x\\*&lt;/b&gt; \\[l\\](u)");
        assert_eq!(said(None, "who"), "**TO FILL IN**: who");
    }
}
