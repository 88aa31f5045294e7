//! A page of its own: markup into which text comes escaped and nothing else comes, and what stands around every page.
//!
//! The page asks for nothing: no script, no font, no picture, and a policy that forbids them all should one slip in. Never in
//! here: what a page is about.

use crate::problem::is_unseen;
use std::fmt::Write;

const STYLE: &str = include_str!("page.css");

/// What a page may load: its own style and nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Markup. Our own comes in as it stands in this source, everything else escaped.
#[derive(Clone, Debug, Default)]
pub struct Markup(String);

impl Markup {
    /// Nothing.
    pub fn new() -> Self {
        Markup::default()
    }

    /// Markup of ours.
    #[must_use]
    pub fn raw(mut self, markup: &'static str) -> Self {
        self.0.push_str(markup);
        self
    }

    /// Text, also within the quotes of an attribute.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        for sign in text.chars() {
            match sign {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                sign if is_unseen(sign) => self.0.push('\u{fffd}'),
                sign => self.0.push(sign),
            }
        }
        self
    }

    /// A name or a path, in signs of one width.
    #[must_use]
    pub fn code(self, text: &str) -> Self {
        self.raw("<code>").text(text).raw("</code>")
    }

    /// A number in a drawing.
    #[must_use]
    pub fn coordinate(mut self, number: f64) -> Self {
        let _ = write!(self.0, "{}", (number * 100.0).round() / 100.0);
        self
    }

    /// Other markup.
    #[must_use]
    pub fn add(mut self, other: Markup) -> Self {
        self.0.push_str(&other.0);
        self
    }

    /// One after the other.
    #[must_use]
    pub fn all(self, others: impl IntoIterator<Item = Markup>) -> Self {
        others.into_iter().fold(self, Markup::add)
    }

    /// Other markup, where there is some.
    #[must_use]
    pub fn when(self, is_so: bool, other: impl FnOnce() -> Markup) -> Self {
        if is_so { self.add(other()) } else { self }
    }
}

/// What a word is about, for the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// Nothing is said.
    None,
    /// It is as it should be.
    Match,
    /// It is undecided.
    Open,
    /// It differs.
    Drift,
    /// It cannot be said.
    Error,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Tone::Match => "match",
            Tone::Drift => "drift",
            Tone::Open => "open",
            Tone::Error => "error",
            Tone::None => "none",
        }
    }

    /// A shape beside the word: colour alone tells nothing to some.
    fn shape(self) -> &'static str {
        match self {
            Tone::Match => "<circle cx=\"5\" cy=\"5\" r=\"5\"/>",
            Tone::Drift => "<path d=\"M5 0 10 5 5 10 0 5Z\"/>",
            Tone::Open => "<path d=\"M5 0 10 10H0Z\"/>",
            Tone::Error => "<path d=\"M0 0H10V10H0Z\"/>",
            Tone::None => "<path d=\"M0 4H10V6H0Z\"/>",
        }
    }

    /// A word in its colour, with its shape.
    pub fn chip(self, word: &str) -> Markup {
        Markup::new()
            .raw("<span class=\"chip ")
            .raw(self.class())
            .raw("\"><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\">")
            .raw(self.shape())
            .raw("</svg>")
            .text(word)
            .raw("</span>")
    }
}

/// A page.
pub struct Page<'a> {
    /// What the window is called.
    pub title: &'a str,
    /// What it is about, above the heading.
    pub kicker: Markup,
    /// The heading: what it comes to.
    pub heading: Markup,
    /// A sentence or two below it.
    pub lead: Markup,
    /// Facts with their names.
    pub facts: Vec<(&'static str, Markup)>,
    /// Everything else.
    pub body: Markup,
    /// The last line.
    pub foot: Markup,
}

impl Page<'_> {
    /// The page as a text of its own.
    pub fn text(self) -> String {
        let facts = self
            .facts
            .into_iter()
            .map(|(name, fact)| Markup::new().raw("<div><dt>").raw(name).raw("</dt><dd>").add(fact).raw("</dd></div>"));
        let page = Markup::new()
            .raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
            .raw("<meta http-equiv=\"Content-Security-Policy\" content=\"")
            .raw(POLICY)
            .raw("\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>")
            .text(self.title)
            .raw("</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n")
            .raw(STYLE)
            .raw("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the tables</a>\n<header class=\"top\"><div>\n<p class=\"kicker\">")
            .add(self.kicker)
            .raw("</p>\n<h1>")
            .add(self.heading)
            .raw("</h1>\n<p class=\"lead\">")
            .add(self.lead)
            .raw("</p>\n<dl class=\"facts\">")
            .all(facts)
            .raw("</dl>\n</div></header>\n<main id=\"main\">\n")
            .add(self.body)
            .raw("</main>\n<footer><p>")
            .add(self.foot)
            .raw("</p></footer>\n</body>\n</html>\n");
        page.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_no_text_become_markup_or_turn_what_stands_around_it() {
        let hostile = "\"><script>alert('x')</script>\u{202e}&\u{0}\u{200b}\n";
        let text = Markup::new().text(hostile).0;
        assert_eq!(
            text,
            "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;\u{fffd}&amp;\u{fffd}\u{fffd}\u{fffd}"
        );
    }
}
