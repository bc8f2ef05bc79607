//! The words, texts and signs of an expression, with their places.

use super::error::{Mistake, Place};

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare word: a field, `and`, or a value.
    Word(String),
    /// A value in quotation marks, without them.
    Quoted(String),
    /// Punctuation: `(`, `)`, `,`, `==` and the like.
    Sign(&'static str),
    /// Nothing is left.
    End,
}

/// A token with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) place: Place,
}

impl Token {
    /// Whether it is this word, in any case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(text) if text.eq_ignore_ascii_case(word))
    }

    /// Whether it is this sign.
    pub(super) fn is_sign(&self, sign: &str) -> bool {
        matches!(self.kind, Kind::Sign(found) if found == sign)
    }
}

/// Signs, the longer ones first. `&&`, `||` and `!` are other spellings of `and`, `or` and `not`.
const SIGNS: &[&str] = &["==", "!=", "<=", ">=", "!~", "&&", "||", "<", ">", "~", "!", "(", ")", ","];

/// Takes an expression apart; the last token is always [`Kind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Mistake> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        let Some(first) = trimmed.chars().next() else { break };
        let (kind, length) = match first {
            '"' | '\'' => quoted(trimmed, first, at)?,
            _ => sign(trimmed).or_else(|| word(trimmed)).ok_or_else(|| stray(first, at))?,
        };
        tokens.push(Token { kind, place: Place { start: at, end: at + length } });
        at += length;
    }
    let end = text.trim_end().len();
    tokens.push(Token { kind: Kind::End, place: Place { start: end, end } });
    Ok(tokens)
}

fn sign(text: &str) -> Option<(Kind, usize)> {
    SIGNS.iter().find(|sign| text.starts_with(**sign)).map(|sign| (Kind::Sign(sign), sign.len()))
}

fn word(text: &str) -> Option<(Kind, usize)> {
    let ends = |c: char| c.is_whitespace() || "()=!<>~&|,\"'".contains(c);
    let word = text.split(ends).next().filter(|word| !word.is_empty())?;
    Some((Kind::Word(word.to_owned()), word.len()))
}

/// A backslash stands for itself, so that patterns are written once; only in front of the quotation mark it takes its meaning away.
fn quoted(text: &str, mark: char, at: usize) -> Result<(Kind, usize), Mistake> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((offset, c)) = characters.next() {
        if c == mark {
            return Ok((Kind::Quoted(value), offset + 1));
        }
        if c != '\\' {
            value.push(c);
            continue;
        }
        match characters.next() {
            Some((_, next)) if next == mark => value.push(next),
            Some((_, next)) => value.extend([c, next]),
            None => value.push(c),
        }
    }
    Err(Mistake::new(Place { start: at, end: at + 1 }, format!("the quotation mark {mark} is never closed")))
}

fn stray(found: char, at: usize) -> Mistake {
    let place = Place { start: at, end: at + found.len_utf8() };
    Mistake::new(
        place,
        match found {
            '=' => "`=` compares nothing; write `==`".to_owned(),
            '&' => "write `and` (or `&&`)".to_owned(),
            '|' => "write `or` (or `||`)".to_owned(),
            _ => format!("`{}` has no meaning here", found.escape_debug()),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_fall_into_words_texts_and_signs() {
        let found = tokens(r#"caller~"^\+1 \"x\"" and(status!=607)"#).unwrap();
        let kinds: Vec<Kind> = found.into_iter().map(|token| token.kind).collect();
        let word = |text: &str| Kind::Word(text.to_owned());
        assert_eq!(
            kinds,
            [
                word("caller"),
                Kind::Sign("~"),
                Kind::Quoted(r#"^\+1 "x""#.to_owned()),
                word("and"),
                Kind::Sign("("),
                word("status"),
                Kind::Sign("!="),
                word("607"),
                Kind::Sign(")"),
                Kind::End,
            ]
        );
    }

    #[test]
    fn what_is_no_token_is_told_with_its_place() {
        for (text, start, part) in [
            ("status = 1", 7, "write `==`"),
            ("a == \"b", 5, "never closed"),
            ("a & b", 2, "`and`"),
            ("a | b", 2, "`or`"),
        ] {
            let mistake = tokens(text).unwrap_err();
            assert!(mistake.place.start == start && mistake.message.contains(part), "{text}: {mistake:?}");
        }
    }
}
