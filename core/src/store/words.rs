//! Texts and queries as the text index takes them: which characters are words by themselves.
//!
//! FTS5 knows no words of a language without blanks, and its trigrams miss words of two characters. So every
//! Chinese character, kana and hangul syllable is a token here, and what stands together in a query must stand
//! together in the text. Nothing that a person types reaches FTS5 but letters, digits and these characters.

/// Stands for punctuation: a phrase never reaches over it. unicode61 takes private characters for words.
const BREAK: char = '\u{e000}';
/// Most terms of one query; whoever pastes a page finds what has its beginning.
const MAX_TERMS: usize = 16;
/// Most characters of one query.
const MAX_CHARS: usize = 256;

/// A character as it counts for a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// A word by itself.
    Sign(char),
    /// A part of a word.
    Letter(char),
    /// Between words; Chinese goes on across it.
    Blank,
    /// Punctuation, the end of a line, and whatever else.
    Other,
}

/// The text with blanks between its tokens; the same text always gives the same tokens.
pub(super) fn indexed(text: &str) -> String {
    let mut tokens = String::with_capacity(text.len() * 2);
    let mut before = Piece::Other;
    let mut is_broken = false;
    for piece in pieces(text) {
        let (Piece::Sign(c) | Piece::Letter(c)) = piece else {
            is_broken |= piece == Piece::Other;
            before = piece;
            continue;
        };
        let goes_on = matches!((before, piece), (Piece::Letter(_), Piece::Letter(_)));
        if !tokens.is_empty() && !goes_on {
            tokens.push(' ');
            if is_broken {
                tokens.extend([BREAK, ' ']);
            }
        }
        tokens.push(c);
        before = piece;
        is_broken = false;
    }
    tokens
}

/// What a person typed as FTS5 phrases, all of which must be found; a word at the end of one may go on.
pub(super) fn terms(query: &str) -> Vec<String> {
    let query: String = query.chars().take(MAX_CHARS).collect();
    let all: Vec<Piece> = pieces(&query).collect();
    let mut found = Vec::new();
    for run in all.split(|piece| matches!(piece, Piece::Blank | Piece::Other)) {
        let Some(last) = run.last() else { continue };
        let mut phrase = String::new();
        let mut before = Piece::Other;
        for piece in run {
            let (Piece::Sign(c) | Piece::Letter(c)) = piece else { continue };
            if !phrase.is_empty() && !matches!((before, piece), (Piece::Letter(_), Piece::Letter(_))) {
                phrase.push(' ');
            }
            phrase.push(*c);
            before = *piece;
        }
        let prefix = if matches!(last, Piece::Letter(_)) { " *" } else { "" };
        let term = format!("\"{phrase}\"{prefix}");
        if !found.contains(&term) {
            found.push(term);
        }
    }
    found.truncate(MAX_TERMS);
    found
}

fn pieces(text: &str) -> impl Iterator<Item = Piece> {
    text.chars().map(narrow).flat_map(char::to_lowercase).filter(|c| !is_mark(*c)).map(|c| {
        if c.is_alphanumeric() {
            if is_sign(c) { Piece::Sign(c) } else { Piece::Letter(c) }
        } else if c.is_whitespace() && !c.is_control() {
            Piece::Blank
        } else {
            Piece::Other
        }
    })
}

/// Full-width letters, digits and marks as ASCII.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// An accent that stands behind its letter; unicode61 drops those within letters.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Written without blanks: each character is a word.
fn is_sign(c: char) -> bool {
    matches!(c,
        '\u{3005}'..='\u{3007}'     // iteration mark, zero
        | '\u{3040}'..='\u{30ff}'   // kana
        | '\u{3100}'..='\u{318f}'   // bopomofo, hangul letters
        | '\u{31a0}'..='\u{31ff}'   // bopomofo, kana
        | '\u{3400}'..='\u{4dbf}'   // Chinese, extension A
        | '\u{4e00}'..='\u{9fff}'   // Chinese
        | '\u{ac00}'..='\u{d7a3}'   // hangul
        | '\u{f900}'..='\u{faff}'   // Chinese, compatibility
        | '\u{ff66}'..='\u{ff9f}'   // kana, half width
        | '\u{20000}'..='\u{3ffff}' // Chinese, rare
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A plain scan: every run of the query stands in one of the texts, a leading word from its beginning on.
    pub(crate) fn naive(texts: &[String], query: &str) -> bool {
        let texts: Vec<Vec<char>> = texts.iter().map(|text| joined(text)).collect();
        let query = folded(query);
        let mut runs = query.split(|c| !c.is_alphanumeric()).filter(|run| !run.is_empty());
        runs.all(|run| texts.iter().any(|text| has(text, run)))
    }

    fn folded(text: &str) -> Vec<char> {
        text.chars().map(narrow).flat_map(char::to_lowercase).filter(|c| !is_mark(*c)).collect()
    }

    fn is_letter(c: char) -> bool {
        c.is_alphanumeric() && !is_sign(c)
    }

    /// Chinese goes on across a blank: without the blanks that do not stand between two words.
    fn joined(text: &str) -> Vec<char> {
        let is_blank = |c: &char| c.is_whitespace() && !c.is_control();
        let text = folded(text);
        let is_kept = |at: usize| {
            let next = text[at + 1..].iter().find(|c| !is_blank(c));
            let last = text[..at].iter().rev().find(|c| !is_blank(c));
            !is_blank(&text[at])
                || (last.is_some_and(|c| is_letter(*c)) && next.is_some_and(|c| is_letter(*c)))
        };
        (0..text.len()).filter(|at| is_kept(*at)).map(|at| text[at]).collect()
    }

    fn has(text: &[char], run: &[char]) -> bool {
        (0..text.len()).any(|at| {
            let is_start = at == 0 || !is_letter(run[0]) || !is_letter(text[at - 1]);
            is_start && text[at..].starts_with(run)
        })
    }

    #[test]
    fn every_sign_is_a_token_and_letters_stay_words() {
        assert_eq!(indexed("西关ABC街12号"), "西 关 abc 街 12 号");
        assert_eq!(indexed("ＡＢ１２　楼"), "ab12 楼");
        assert_eq!(indexed("出发，水 管\n漏"), "出 发 \u{e000} 水 管 \u{e000} 漏");
        assert_eq!(indexed("，。 "), "");
    }

    #[test]
    fn what_a_person_types_is_never_syntax() {
        assert_eq!(terms("消防 通道"), ["\"消 防\"", "\"通 道\""]);
        assert_eq!(terms("12号 Ab"), ["\"12 号\"", "\"ab\" *"]);
        assert_eq!(terms("a\" OR b*"), ["\"a\" *", "\"or\" *", "\"b\" *"]);
        assert_eq!(terms("NEAR(水\0火, 2)"), ["\"near\" *", "\"水\"", "\"火\"", "\"2\" *"]);
        assert_eq!(terms("words:水^-"), ["\"words\" *", "\"水\""]);
        assert_eq!(terms("\"*():^-\0"), Vec::<String>::new());
        assert_eq!(terms(&"水 火 ".repeat(500)), ["\"水\"", "\"火\""]);
    }
}
