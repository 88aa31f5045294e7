//! Words with capitals in a row -> the name of a person, where the words are names, or something before or behind says so.
//!
//! ```text
//! text -> words with capitals, in rows -> stretches without words that are none of a name -> how sure -> a candidate
//! ```
//!
//! A text without capitals, or of nothing else, says less: there two names must stand together, or one behind a word that greets.

use super::lexicon::{Is, Lexicon, Word};
use crate::privacy::engine::{SCORE_MIN, Scored, Surroundings, position};
use crate::privacy::recognise::{Kind, RECOGNISERS};

/// Words of one row, at most.
const ROW_WORDS_MAX: usize = 8;
/// And in a text whose capitals say nothing.
const LOOSE_WORDS_MAX: usize = 4;
/// Letters of a word of a name, at most.
const WORD_BYTES_MAX: usize = 32;

/// How sure something else in a text must be to speak for a name.
const PERSONAL_MIN: f32 = 0.6;

/// How sure a name in a row of names is, and more than which a single word has to have by itself.
const LISTED: f32 = 0.56;
const LISTED_MIN: f32 = 0.25;

/// Bytes of a name, at most.
const NAME_BYTES_MAX: usize = 60;
/// Bytes of a time before who speaks, at most.
const STAMP_BYTES_MAX: usize = 40;

/// A word of a row.
#[derive(Clone, Copy, Debug, Default)]
struct Token {
    start: usize,
    end: usize,
    word: Word,
    /// One letter, with or without a full stop.
    is_initial: bool,
}

/// A row of words.
#[derive(Default)]
struct Row {
    tokens: [Token; ROW_WORDS_MAX],
    count: usize,
}

impl Row {
    fn all(&self) -> &[Token] {
        &self.tokens[..self.count]
    }

    fn last(&self) -> Option<&Token> {
        self.all().last()
    }

    fn push(&mut self, token: Token) {
        if self.count < ROW_WORDS_MAX {
            self.tokens[self.count] = token;
            self.count += 1;
        }
    }
}

/// Finds names of people.
pub fn find(lexicon: &Lexicon, around: &Surroundings<'_>, scored: &mut Vec<Scored>) {
    if around.header.is_of_names() && whole(lexicon, around.text).0 {
        let start = around.text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        scored.push(name(start, around.text.trim_ascii_end().len(), 0.8));
        return;
    }
    let is_loose = !(around.has_capital && around.has_small);
    let is_personal = scored.iter().any(|one| one.score >= PERSONAL_MIN);
    let search = Search { lexicon, text: around.text, is_loose, is_personal };
    let first = scored.len();
    search.run(scored);
    listed(around.text, &mut scored[first..]);
}

/// `Jean-Luc Moreau, Hye-jin Park and B. Anand`: what stands in a row with somebody's whole name is a name too.
fn listed(text: &[u8], names: &mut [Scored]) {
    let is_whole = |one: &Scored| one.score >= PERSONAL_MIN && text[one.start..one.end].contains(&b' ');
    let in_a_row = |one: &Scored, next: &Scored| match text.get(one.end..next.start) {
        Some(b", " | b"; " | b" and " | b" & " | b", and ") => true,
        // What they are to the meeting: `Tamsin Ogilvy (chair), Jean-Luc Moreau`.
        Some(between) => between.len() <= NAME_BYTES_MAX && between.starts_with(b" (") && between.ends_with(b"), "),
        None => false,
    };
    let takes = |one: &mut Scored| {
        let may_be = text[one.start..one.end].contains(&b' ') || one.score > LISTED_MIN;
        if may_be && one.score < LISTED {
            one.score = LISTED;
        }
        may_be
    };
    let mut is_led = false;
    for place in 0..names.len() {
        is_led &= place > 0 && in_a_row(&names[place - 1], &names[place]);
        if is_led {
            is_led = takes(&mut names[place]);
        }
        is_led |= is_whole(&names[place]);
    }
    let mut is_led = false;
    for place in (0..names.len()).rev() {
        is_led &= place + 1 < names.len() && in_a_row(&names[place], &names[place + 1]);
        if is_led {
            is_led = takes(&mut names[place]);
        }
        is_led |= is_whole(&names[place]);
    }
}

fn name(start: usize, end: usize, score: f32) -> Scored {
    Scored { start, end, kind: Kind::PersonName, score, row: RECOGNISERS.len() + 1, is_named: false }
}

/// Whether a text may be nothing but a name (up to five words of letters, none of them of another trade), and whether the lists have it
/// as one.
pub fn whole(lexicon: &Lexicon, text: &[u8]) -> (bool, bool) {
    let text = text.trim_ascii();
    let is_letters = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80 || b" '-.,".contains(byte);
    if text.is_empty() || text.len() > NAME_BYTES_MAX || !text.iter().all(is_letters) {
        return (false, false);
    }
    let (mut count, mut names, mut unlike) = (0, 0, 0);
    for part in text.split(|byte| matches!(byte, b' ' | b',' | b'.')).filter(|part| !part.is_empty()) {
        let word = lexicon.look(part);
        if word.is(Is::Title) || part.len() == 1 || word.is(Is::Particle) {
            continue;
        }
        if word.is(Is::Firm) && word.surname() < 3 || word.is(Is::Stop) && word.forename() == 0 && word.surname() < 3 {
            return (false, false);
        }
        let is_name = word.forename() > 1
            || word.surname() > 1
            || (word.forename() > 0 || word.surname() > 0) && word.ordinary() == 0;
        names += usize::from(is_name && (word.ordinary() < 3 || word.forename() == 3 || word.surname() == 3));
        unlike += usize::from(
            word.ordinary() > 1 && word.surname() < 2 && word.forename() < 2
                || word.is(Is::Place) && count == 0 && word.forename() < 2,
        );
        count += 1;
    }
    let may_be = (1..=5).contains(&count) && unlike * 2 <= count && unlike < 2;
    (may_be, may_be && names * 2 > count)
}

struct Search<'a> {
    lexicon: &'a Lexicon,
    text: &'a [u8],
    is_loose: bool,
    /// Whether the text holds other things about a person.
    is_personal: bool,
}

impl Search<'_> {
    fn run(&self, scored: &mut Vec<Scored>) {
        let text = self.text;
        let mut row = Row::default();
        let mut at = 0;
        // Where no word can begin is passed over at once: most of a text is small letters.
        let next = |at: usize| {
            if self.is_loose {
                text[at..].iter().position(|byte| is_letter(*byte)).map(|next| at + next)
            } else {
                position(text, at, b'A'..=b'Z', |byte| matches!(byte, b'A'..=b'Z' | 0xc3..=0xc5))
            }
        };
        while let Some(start) = next(at) {
            let end = self.end_of_word(start);
            let begins = match text[..start] {
                ref before if ends_in_particle(before) => true,
                [.., letter, b'\'' | b'-'] if is_letter(letter) => false,
                [.., before] => !is_joined(before) && !is_letter(before),
                [] => true,
            };
            let ends = text.get(end).is_none_or(|next| !next.is_ascii_digit() && !matches!(next, b'@' | b'_'));
            let is_one = begins && ends && end - start <= WORD_BYTES_MAX && (self.is_loose || is_capital(text, start));
            if is_one && self.is_loose {
                self.take_loose(start, end, &mut row, scored);
            } else if is_one {
                let token = self.token(start, end);
                if !self.goes_on(&row, &token) {
                    self.judge(&row, scored);
                    row.count = 0;
                }
                row.push(token);
            }
            at = end.max(start + 1);
        }
        self.judge(&row, scored);
    }

    /// A word of a text whose capitals say nothing: a row begins with a forename, behind a title or with a surname and a comma, and is short.
    fn take_loose(&self, start: usize, end: usize, row: &mut Row, scored: &mut Vec<Scored>) {
        if row.count > 0 {
            let token = self.token(start, end);
            if row.count < LOOSE_WORDS_MAX && self.goes_on(row, &token) {
                row.push(token);
                return;
            }
            self.judge(row, scored);
            row.count = 0;
        }
        let may_be_titled = start > 2 && self.text[start - 1] == b' ' && b"rsfRSF.".contains(&self.text[start - 2]);
        let letters = &self.text[start..end];
        if end - start == 1 && letters[0].is_ascii_uppercase()
            || self.lexicon.may_be_forename(letters)
            || self.text[end..].starts_with(b", ")
            || may_be_titled && self.is_behind_title(start)
            || is_introduced(&self.text[..start])
        {
            row.push(self.token(start, end));
        }
    }

    /// Letters, and apostrophes and hyphens between them; without a genitive's ending.
    fn end_of_word(&self, start: usize) -> usize {
        let mut end = start;
        while end < self.text.len() {
            let is_inside =
                matches!(self.text[end], b'\'' | b'-') && self.text.get(end + 1).is_some_and(|next| is_letter(*next));
            if !is_letter(self.text[end]) && !is_inside {
                break;
            }
            end += 1;
        }
        end
    }

    fn token(&self, start: usize, end: usize) -> Token {
        let mut end = end;
        if self.text[start..end].ends_with(b"'s") || self.text[start..end].ends_with(b"'S") {
            end -= 2;
        }
        let letters = &self.text[start..end];
        let is_initial = letters.len() == 1 && letters[0].is_ascii_uppercase();
        // Double names are known by their halves.
        let hyphen = letters.iter().position(|byte| *byte == b'-');
        let word = match hyphen {
            Some(hyphen) => {
                let (first, second) =
                    (self.lexicon.look(&letters[..hyphen]), self.lexicon.look(&letters[hyphen + 1..]));
                if first.forename() > 1 || first.surname() > 1 && second.surname() > 0 {
                    first
                } else {
                    self.lexicon.look(letters)
                }
            }
            None => self.lexicon.look(letters),
        };
        Token { start, end, word, is_initial }
    }

    /// Whether `token` stands in the row: behind one blank, or behind an initial's or a title's full stop.
    fn goes_on(&self, row: &Row, token: &Token) -> bool {
        let Some(last) = row.last() else { return true };
        match &self.text[last.end..token.start] {
            b" " | b"  " => true,
            b". " | b"." => last.is_initial || last.word.is(Is::Title),
            between if ends_in_particle(between) => !self.is_loose && !last.word.is(Is::Stop) && between.len() <= 4,
            between
                if !self.is_loose && between.len() <= 14 && between.starts_with(b" ") && between.ends_with(b" ") =>
            {
                let words = between.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
                let mut count = 0;
                let all = words.inspect(|_| count += 1).all(|word| self.lexicon.look(word).is(Is::Particle));
                all && count > 0 && row.count + 1 < ROW_WORDS_MAX && !last.word.is(Is::Stop)
            }
            _ => false,
        }
    }

    /// The names in a row.
    fn judge(&self, row: &Row, scored: &mut Vec<Scored>) {
        let tokens = row.all();
        let mut at = 0;
        while at < tokens.len() {
            if !self.may_begin(&tokens[at]) {
                at += 1;
                continue;
            }
            let mut end = at + 1;
            while end < tokens.len() && self.may_follow(&tokens[at..end], &tokens[end]) {
                end += 1;
            }
            self.judge_stretch(tokens, at, end, scored);
            at = end;
        }
        if let [only] = tokens {
            self.reversed(only, scored);
        }
    }

    fn may_begin(&self, token: &Token) -> bool {
        let word = token.word;
        if token.is_initial {
            return true;
        }
        if word.is(Is::Title) || word.is(Is::Stop) && word.forename() < 2 {
            return false;
        }
        if token.end - token.start < 2 {
            return false;
        }
        match word.ordinary() {
            0 => true,
            3 => word.forename() == 3 || word.surname() >= 2 && self.is_behind_title(token.start),
            _ => word.forename() > 0 || word.surname() > 0,
        }
    }

    fn may_follow(&self, before: &[Token], token: &Token) -> bool {
        let word = token.word;
        let letters = &self.text[token.start..token.end];
        if token.is_initial || is_of_ireland(letters) || is_capital_particle(letters) {
            return before.len() < 4;
        }
        if word.is(Is::Title) && word.surname() < 3
            || word.is(Is::Stop) && word.forename() < 2 && word.surname() < 3
            || token.end - token.start < 2
        {
            return false;
        }
        let has_forename = before.iter().any(|token| {
            token.is_initial || token.word.forename() > 0 && token.word.ordinary() == 0 || token.word.forename() == 3
        });
        // `Reece French`, `Zoe Page`: words of business that are common surnames.
        if (word.is(Is::Stop) || word.is(Is::Title)) && word.forename() < 2 {
            return has_forename && before.len() == 1;
        }
        match word.ordinary() {
            0 => true,
            3 => word.forename() == 3 || word.surname() >= 2 && has_forename,
            _ => word.forename() >= 2 || word.surname() > 0 && has_forename,
        }
    }

    fn is_behind_title(&self, start: usize) -> bool {
        let word = self.word_before(start).0;
        // Without capitals `dc` and `st` are anything.
        let is_plain = !self.is_loose
            || [&b"mr"[..], b"mrs", b"ms", b"miss", b"dr", b"prof"]
                .iter()
                .any(|title| word.eq_ignore_ascii_case(title));
        is_plain && self.lexicon.look(word).is(Is::Title)
    }

    /// A stretch of words that may be of a name.
    fn judge_stretch(&self, tokens: &[Token], from: usize, to: usize, scored: &mut Vec<Scored>) {
        let (mut from, mut to) = (from, to);
        // Words that are no names at the end belong to what follows.
        while to > from + 1 && is_weak(&tokens[to - 1]) {
            to -= 1;
        }
        // An unknown word before a forename and a surname is a firm's or a place's.
        if to - from >= 3
            && tokens[from].word.forename() == 0
            && !tokens[from].is_initial
            && tokens[from + 1].word.forename() >= 2
            && !is_capital_particle(&self.text[tokens[from + 1].start..tokens[from + 1].end])
        {
            from += 1;
        }
        let stretch = &tokens[from..to];
        let (Some(first), Some(last)) = (stretch.first(), stretch.last()) else { return };
        let is_titled = self.is_behind_title(first.start);
        let next = tokens.get(to).map(|token| token.word).or_else(|| self.small_word_behind(last.end));
        let is_firm = next.is_some_and(|word| word.is(Is::Firm)) && !is_titled;
        let letters = &self.text[last.start..last.end];
        // `Victoria Park`: a place's name, and a word of places that is a surname too.
        let is_spot = stretch.len() > 1 && first.word.is(Is::Place) && last.word.is(Is::Firm) && !is_titled;
        let is_street = stretch.len() > 1
            && !is_titled
            && (last.word.is(Is::Firm) && last.word.surname() < 3 || ends_street(letters));
        let is_weather = matches!(&self.text[first.start..first.end], b"Storm" | b"Hurricane") && stretch.len() == 2;
        if is_firm || is_weather || is_spot || is_street || self.is_known_place(first.start, last.end) {
            return;
        }
        let cue = self.cue(tokens, from, first.start);
        let behind = self.small_word_behind(last.end).is_some_and(|word| word.is(Is::CueBehind)) || self.does(last.end);
        let words = stretch.iter().filter(|token| !token.is_initial).count();
        let mut score = match words {
            0 => return,
            1 if stretch.len() == 1 => self.one_word(first, is_titled, cue, behind),
            1 => {
                let is_given = !self.is_loose && cue == Cue::None && self.is_given_to(first.start);
                initials(stretch, is_titled, if is_given { Cue::Strong } else { cue })
            }
            _ => self.several(stretch, is_titled, cue),
        };
        if behind && words > 1 {
            score += 0.1;
        }
        if words == 2 && stretch.len() == 2 && !self.is_loose && score < SCORE_MIN {
            score = score.max(self.unknown(first, last, behind, cue));
        }
        if self.is_line(first.start, last.end) && words > 1 && last.word.ordinary() == 0 {
            score += 0.1;
        }
        // A full stop behind the last initial is not the name's.
        scored.push(name(first.start, last.end, score));
    }

    fn one_word(&self, token: &Token, is_titled: bool, cue: Cue, behind: bool) -> f32 {
        let word = token.word;
        let is_name = word.forename() > 0 || word.surname() > 0;
        let is_plain = word.ordinary() == 0;
        let is_place = word.is(Is::Place);
        let before = &self.text[..token.start];
        if before.ends_with(b"& ")
            || before.ends_with(b"St ")
            || before.ends_with(b"St. ")
            || before.ends_with(b"Saint ")
            || [&b"Storm "[..], b"Hurricane ", b"HMS ", b"RMS ", b"MV "].iter().any(|word| before.ends_with(word))
        {
            return 0.2;
        }
        // Months that are forenames too, where a number stands beside them.
        let has_number = before.trim_ascii_end().last().is_some_and(u8::is_ascii_digit)
            || self.text[token.end..].trim_ascii_start().first().is_some_and(u8::is_ascii_digit);
        if word.is(Is::Stop) && (has_number || cue != Cue::Strong && !is_titled) {
            return 0.2;
        }
        if is_titled {
            return if word.ordinary() < 3 || word.surname() >= 2 { 0.85 } else { 0.3 };
        }
        if self.is_loose {
            if is_plain && is_introduced(before) {
                return 0.7;
            }
            return match (cue, word.forename(), is_plain) {
                (Cue::Strong, 2.., true) => 0.7,
                (Cue::Strong, 3, false) => 0.55,
                (_, 3, true) if !is_place => 0.52,
                _ => 0.2,
            };
        }
        match cue {
            Cue::Strong if word.forename() >= 2 && word.ordinary() < 3 => 0.8,
            Cue::Strong if word.forename() == 3 => 0.7,
            Cue::Strong if is_plain && is_name => 0.7,
            Cue::Strong if is_plain && !is_place && self.is_capital_word(token) => 0.55,
            Cue::Label if word.forename() > 1 && word.ordinary() < 3 => 0.75,
            Cue::Label if word.forename() == 3 && token.start > 0 => 0.7,
            Cue::Label
                if (word.forename() == 1 || is_plain && token.start > 0 && !is_place)
                    && self.is_capital_word(token) =>
            {
                0.6
            }
            _ if is_place || !is_plain && !behind => 0.2,
            _ => match (word.forename(), behind) {
                _ if !self.is_capital_word(token) => 0.3,
                (3, _) => 0.65,
                // `Ford`, `Wells`: a surname, or a firm's or a place's, far oftener.
                (2, false) if word.surname() == 3 => 0.35,
                (2, _) => 0.56,
                (1, _) if self.is_given_to(token.start) => 0.52,
                (1, true) => 0.55,
                // Rare, and nothing else that a list has.
                (1, false) if is_plain && word.surname() == 0 && token.end - token.start > 3 => 0.5,
                (0, true) if word.surname() >= 2 && is_plain => 0.5,
                _ => 0.25,
            },
        }
    }

    fn several(&self, stretch: &[Token], is_titled: bool, cue: Cue) -> f32 {
        let first = stretch.iter().find(|token| !token.is_initial).map(|token| token.word).unwrap_or_default();
        let last = stretch.iter().rev().find(|token| !token.is_initial).map(|token| token.word).unwrap_or_default();
        let has_cue = is_titled || cue != Cue::None;
        let is_plain = first.ordinary() == 0;
        let last_is_plain = last.ordinary() == 0;
        let is_irish = stretch.iter().skip(1).any(|token| is_of_ireland(&self.text[token.start..token.end]));
        let base = match (first.forename(), last.surname()) {
            (2.., 1..) if is_plain && last_is_plain => 0.9,
            (2.., 1..) if is_plain || last_is_plain => 0.8,
            (2.., 1..) => 0.55,
            (2.., 0) if is_plain && last_is_plain && !last.is(Is::Place) => 0.75,
            (2.., 0) if is_plain && last.forename() > 0 => 0.7,
            (1, 1..) if is_plain && last_is_plain => 0.75,
            (1, 1..) => 0.5,
            (1, 0) if is_plain && last_is_plain => {
                if is_irish {
                    0.65
                } else {
                    0.5
                }
            }
            (2.., 0) if is_irish => 0.75,
            (0, 2..) if first.surname() > 0 && last_is_plain && is_plain => 0.55,
            (0, 2..) if is_plain && last_is_plain && !first.is(Is::Place) => 0.5,
            (0, _) if first.surname() > 0 && last.forename() >= 2 && is_plain => 0.6,
            _ => 0.25,
        };
        let is_sure = has_cue && (is_plain || first.forename() > 1) && (last_is_plain || last.surname() > 0);
        let base = if self.is_loose && (base < 0.75 && !has_cue) { base - 0.3 } else { base };
        if is_titled {
            f32::max(base + 0.2, 0.8)
        } else if is_sure && cue == Cue::Strong {
            f32::max(base + 0.15, 0.65)
        } else {
            base
        }
    }

    /// Two words that no list has, in a text that is about a person or does what people do.
    fn unknown(&self, first: &Token, last: &Token, behind: bool, cue: Cue) -> f32 {
        let is_name = |token: &Token| {
            token.word.ordinary() == 0
                && !token.word.is(Is::Place)
                && !token.word.is(Is::Firm)
                && self.is_capital_word(token)
        };
        let has_name = first.word.forename() > 0 || first.word.surname() > 0 || last.word.surname() > 0;
        match is_name(first) && is_name(last) {
            true if behind || cue == Cue::Strong => 0.6,
            true if self.is_personal => 0.55,
            true if has_name => 0.5,
            _ => 0.0,
        }
    }

    /// `Smith, John`: at the start of a line or behind a mark.
    fn reversed(&self, surname: &Token, scored: &mut Vec<Scored>) {
        let (text, word) = (self.text, surname.word);
        let begins = surname.start == 0
            || matches!(text[surname.start - 1], b'\n' | b'"' | b'\'' | b'(' | b':' | b'>' | b'|' | b';' | b',')
            || text[..surname.start].ends_with(b": ");
        if !begins
            || !text[surname.end..].starts_with(b", ")
            || word.surname() == 0 && word.ordinary() > 0
            || word.is(Is::Stop)
        {
            return;
        }
        let start = surname.end + 2;
        if !text.get(start).is_some_and(|byte| is_letter(*byte)) || !self.is_loose && !is_capital(text, start) {
            return;
        }
        let mut forename = self.token(start, self.end_of_word(start));
        let is_name = forename.word.forename() >= 2 && forename.word.ordinary() < 3 && !forename.word.is(Is::Place);
        let is_sure = word.surname() == 3 || word.surname() > 0 && word.ordinary() < 2;
        if !is_name
            || !is_sure
            || text[forename.end..].starts_with(b", ") && !word.is_unknown() && forename.word.surname() == 3
        {
            return;
        }
        // A middle name or an initial.
        if let [b' ', letter, ..] = text[forename.end..] {
            let end = self.end_of_word(forename.end + 1);
            let middle = self.token(forename.end + 1, end);
            if letter.is_ascii_uppercase()
                && (middle.is_initial || middle.word.forename() >= 2 && middle.word.ordinary() == 0)
            {
                forename = middle;
            }
        }
        scored.push(name(surname.start, forename.end, 0.92));
    }

    /// Whether a word before it takes somebody: `to Raj`, `with Raj`.
    fn is_given_to(&self, start: usize) -> bool {
        let (word, gap) = self.word_before(start);
        gap == b" "
            && [&b"to"[..], b"with", b"from", b"by", b"told", b"asked", b"and", b"met"]
                .iter()
                .any(|cue| word.eq_ignore_ascii_case(cue))
    }

    /// What stands before a name.
    fn cue(&self, tokens: &[Token], from: usize, start: usize) -> Cue {
        if from > 0 && tokens[from - 1].word.is(Is::Cue) {
            return Cue::Strong;
        }
        let (word, gap) = self.word_before(start);
        if gap.iter().any(|byte| matches!(byte, b'.' | b'!' | b'?')) && !gap.contains(&b'\n') {
            return self.label(tokens, from);
        }
        if !word.is_empty() && (self.lexicon.look(word).is(Is::Cue) || is_key_of_name(word, gap)) {
            return Cue::Strong;
        }
        let place = start - gap.len() - word.len();
        let (other, between) = self.word_before(place);
        if !word.is_empty()
            && between.len() <= 2
            && !other.is_empty()
            && self.lexicon.look(&self.text[place - between.len() - other.len()..start - gap.len()]).is(Is::CueWords)
        {
            return Cue::Strong;
        }
        self.label(tokens, from)
    }

    /// `Sarah: yes, please`: who speaks, at the start of a line.
    fn label(&self, tokens: &[Token], from: usize) -> Cue {
        let (Some(first), Some(last)) = (tokens.get(from), tokens.last()) else { return Cue::None };
        let from = first.start.saturating_sub(STAMP_BYTES_MAX);
        let line =
            self.text[from..first.start].iter().rposition(|byte| *byte == b'\n').map_or(from, |at| from + at + 1);
        let before = self.text[line..first.start].trim_ascii();
        let is_stamp = before.iter().all(|byte| byte.is_ascii_digit() || b"[]()-: ./APMapm>*".contains(byte));
        let speaks = self.text[last.end..].starts_with(b":") && !self.text[last.end..].starts_with(b"://");
        if is_stamp && speaks { Cue::Label } else { Cue::None }
    }

    /// The word before a place, and what stands between.
    fn word_before(&self, start: usize) -> (&[u8], &[u8]) {
        let from = start.saturating_sub(6);
        let end =
            self.text[from..start].iter().rposition(|byte| is_letter(*byte)).map_or(start, |last| from + last + 1);
        let from = end.saturating_sub(WORD_BYTES_MAX);
        let begin =
            self.text[from..end].iter().rposition(|byte| !is_letter(*byte)).map_or(from, |before| from + before + 1);
        let is_part = begin > 0 && self.text[begin - 1].is_ascii_digit();
        if end == start && start > 0 || is_part { (&[], &[]) } else { (&self.text[begin..end], &self.text[end..start]) }
    }

    /// The word behind a place and one blank.
    fn small_word_behind(&self, end: usize) -> Option<Word> {
        let rest = self.text[end..].strip_prefix(b" ").or_else(|| self.text[end..].strip_prefix(b" & "))?;
        let length = rest.iter().take(WORD_BYTES_MAX).take_while(|byte| is_letter(**byte)).count();
        (length > 0).then(|| self.lexicon.look(&rest[..length]))
    }

    /// Whether somebody who `has`, `is` or is `to` do what people do stands before a place.
    fn does(&self, end: usize) -> bool {
        let rest = &self.text[end..];
        let linked =
            [&b" has "[..], b" is ", b" to ", b" will ", b" was "].iter().find_map(|link| rest.strip_prefix(*link));
        linked.is_some_and(|rest| {
            let length = rest.iter().take(WORD_BYTES_MAX).take_while(|byte| is_letter(**byte)).count();
            length > 0 && self.lexicon.look(&rest[..length]).is(Is::Does)
        })
    }

    fn is_line(&self, start: usize, end: usize) -> bool {
        let before = start == 0 || self.text[start - 1] == b'\n';
        before && self.text.get(end).is_none_or(|next| matches!(next, b'\n' | b'\r' | b','))
    }

    fn is_capital_word(&self, token: &Token) -> bool {
        let letters = &self.text[token.start..token.end];
        letters.len() > 1 && letters[1..].iter().any(u8::is_ascii_lowercase)
    }

    fn is_known_place(&self, start: usize, end: usize) -> bool {
        let row = &self.text[start..end];
        row.contains(&b' ') && self.lexicon.look(row).is(Is::Known)
    }
}

/// What speaks for a name before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cue {
    None,
    /// Who speaks.
    Label,
    Strong,
}

/// `J. Smith`, `J R R Tolkien`, `Sarah J`.
fn initials(stretch: &[Token], is_titled: bool, cue: Cue) -> f32 {
    let word = stretch.iter().find(|token| !token.is_initial).map(|token| token.word).unwrap_or_default();
    let begins = stretch.first().is_some_and(|token| token.is_initial);
    let is_plain = word.ordinary() == 0 && !word.is(Is::Place);
    match (begins, is_titled || cue != Cue::None) {
        (_, true) if word.ordinary() < 3 || word.surname() > 1 => 0.85,
        (true, false) if is_plain && word.surname() > 0 => 0.7,
        (true, false) if is_plain && stretch.len() > 2 => 0.55,
        (false, false) if is_plain && word.forename() >= 2 => 0.65,
        _ => 0.25,
    }
}

/// A word that is none of a name where it stands last.
fn is_weak(token: &Token) -> bool {
    let word = token.word;
    !token.is_initial
        && (word.ordinary() > 0 && word.surname() == 0 && word.forename() < 3 || word.is(Is::Cue) && word.surname() < 2)
}

/// Ends of streets' names that are hardly anybody's, however many are called so.
fn ends_street(word: &[u8]) -> bool {
    [
        &b"street"[..],
        b"road",
        b"rd",
        b"avenue",
        b"ave",
        b"close",
        b"drive",
        b"crescent",
        b"gardens",
        b"terrace",
        b"square",
        b"mews",
        b"boulevard",
        b"parade",
    ]
    .iter()
    .any(|end| word.eq_ignore_ascii_case(end))
}

/// A letter of any script, as far as bytes tell.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0xc3 || (0x80..0xc0).contains(&byte)
}

/// What joins a word to the one before it, so that it begins none: `user_name`, `@name`, `a.name`.
fn is_joined(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'_' | b'\\' | b'#' | b'$' | b'&' | b'%')
}

fn is_capital(text: &[u8], at: usize) -> bool {
    match text[at] {
        b'A'..=b'Z' => true,
        // Latin-1 and Latin Extended-A: capitals and small letters go by turns there.
        0xc3 => text.get(at + 1).is_some_and(|next| (0x80..=0x9e).contains(next)),
        0xc4 | 0xc5 => text.get(at + 1).is_some_and(|next| next % 2 == 0),
        _ => false,
    }
}

/// `al-Farsi`, `d'Arcy`: a small word that is joined to the name behind it.
fn ends_in_particle(before: &[u8]) -> bool {
    [&b" al-"[..], b" el-", b" ul-", b" d'"].iter().any(|particle| before.ends_with(particle))
}

/// `Lotte Van Den Berg`: particles as many write their own.
fn is_capital_particle(letters: &[u8]) -> bool {
    [&b"Van"[..], b"Von", b"Den", b"Der", b"Ter", b"De", b"Du", b"Da", b"Al", b"El", b"Bin"].contains(&letters)
}

/// `MY NAME IS `, `NEXT OF KIN `: whatever word comes behind it is a name.
fn is_introduced(before: &[u8]) -> bool {
    [&b"name is "[..], b"of kin ", b"of kin: "].iter().any(|words| {
        before.len().checked_sub(words.len()).is_some_and(|from| before[from..].eq_ignore_ascii_case(words))
    })
}

/// Words inside of Irish names that are written with a capital: `P\u{e1}draig \u{d3} Briain`.
fn is_of_ireland(letters: &[u8]) -> bool {
    ["\u{d3}", "N\u{ed}", "U\u{ed}", "Nic", "Mac"].iter().any(|word| letters == word.as_bytes())
}

/// `"first": "Aroha"`, `<lastName>Tamati`: the key of a value that is a name. In a sentence the same words say nothing.
fn is_key_of_name(word: &[u8], gap: &[u8]) -> bool {
    const KEYS: [&[u8]; 14] = [
        b"first",
        b"last",
        b"given",
        b"family",
        b"middle",
        b"firstname",
        b"lastname",
        b"givenname",
        b"familyname",
        b"fullname",
        b"surname",
        b"forename",
        b"displayname",
        b"name",
    ];
    let is_value = gap.contains(&b'>') || gap.contains(&b'=') || gap.contains(&b'"') && gap.contains(&b':');
    is_value && KEYS.iter().any(|key| word.eq_ignore_ascii_case(key))
}
