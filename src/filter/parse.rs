//! From the text of an expression to what a call is tested with.
//!
//! ```text
//! any   = all { "or" all }
//! all   = one { "and" one }
//! one   = "not" one | "(" any ")" | test
//! test  = field ( "==" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~" ) value
//!       | field [ "not" ] "in" "(" value { "," value } ")"
//! ```

use jiff::tz::TimeZone;

use super::error::{Mistake, Place};
use super::field::{self, Field};
use super::token::{Kind, Token, tokens};
use super::wanted::{Relation, Test, Wanted};
use crate::explain;

/// Levels of parentheses and `not`.
const DEPTH: usize = 64;
/// Octets of an expression.
const LENGTH: usize = 64 << 10;

/// What a call is tested with.
#[derive(Debug, Clone)]
pub(super) enum Expr {
    /// Each of them holds.
    All(Vec<Self>),
    /// One of them holds.
    Any(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A field is compared.
    Test(Test),
}

/// Reads an expression; times without a zone are in `zone`.
pub(super) fn parse(text: &str, zone: &TimeZone) -> Result<Expr, Mistake> {
    if text.len() > LENGTH {
        let message = format!("an expression may have {LENGTH} octets, and this one has {}", text.len());
        return Err(Mistake::new(Place { start: 0, end: 1 }, message));
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, zone };
    if parser.peek().kind == Kind::End {
        return Err(Mistake::new(parser.peek().place, "there is no expression; write one such as `status == 607`"));
    }
    let expr = parser.any()?;
    match &parser.peek().kind {
        Kind::End => Ok(expr),
        Kind::Sign(")") => Err(parser.mistake("this parenthesis closes none")),
        _ => Err(parser.mistake("`and` or `or` is missing in front of this")),
    }
}

struct Parser<'z> {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    zone: &'z TimeZone,
}

/// Where the tokens are at their end.
static END: Token = Token { kind: Kind::End, place: Place { start: 0, end: 0 } };

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).or(self.tokens.last()).unwrap_or(&END)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn mistake(&self, message: impl Into<String>) -> Mistake {
        Mistake::new(self.peek().place, message)
    }

    fn skip(&mut self, word: &str, sign: &str) -> bool {
        let found = self.peek().is_word(word) || self.peek().is_sign(sign);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Result<Expr, Mistake> {
        let mut all = vec![self.all()?];
        while self.skip("or", "||") {
            all.push(self.all()?);
        }
        Ok(single(all, Expr::Any))
    }

    fn all(&mut self) -> Result<Expr, Mistake> {
        let mut all = vec![self.one()?];
        while self.skip("and", "&&") {
            all.push(self.one()?);
        }
        Ok(single(all, Expr::All))
    }

    fn one(&mut self) -> Result<Expr, Mistake> {
        if self.depth == DEPTH {
            return Err(self.mistake(format!("more than {DEPTH} levels of parentheses and `not`")));
        }
        self.depth += 1;
        let place = self.peek().place;
        let expr = if self.skip("not", "!") {
            Expr::Not(Box::new(self.one()?))
        } else if self.skip("(", "(") {
            let inner = self.any()?;
            if !self.skip(")", ")") {
                let end = self.peek().kind == Kind::End;
                return Err(if end {
                    Mistake::new(place, "this parenthesis is never closed")
                } else {
                    self.mistake("`and`, `or` or `)` is expected here")
                });
            }
            inner
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn test(&mut self) -> Result<Expr, Mistake> {
        let field = self.field()?;
        let place = self.peek().place;
        let is_not = self.peek().is_word("not");
        self.at += usize::from(is_not);
        if self.peek().is_word("in") {
            self.at += 1;
            return Ok(negated(is_not, Expr::Test(self.list(field)?)));
        }
        if is_not {
            return Err(Mistake::new(
                place,
                "behind a field only `not in (…)` is possible; `not` stands in front of it",
            ));
        }
        let Kind::Sign(sign) = self.peek().kind else { return Err(self.no_comparison(field)) };
        let (relation, is_not) = match sign {
            "==" => (Relation::Equal, false),
            "!=" => (Relation::Equal, true),
            "<" => (Relation::Less, false),
            "<=" => (Relation::LessOrEqual, false),
            ">" => (Relation::Greater, false),
            ">=" => (Relation::GreaterOrEqual, false),
            "~" => (Relation::Matches, false),
            "!~" => (Relation::Matches, true),
            _ => return Err(self.no_comparison(field)),
        };
        field.allows(relation).map_err(|message| self.mistake(message))?;
        self.at += 1;
        let wanted = self.value(field, relation)?;
        Ok(negated(is_not, Expr::Test(Test { field, relation, wanted: vec![wanted] })))
    }

    fn no_comparison(&self, field: &Field) -> Mistake {
        self.mistake(format!(
            "behind `{}` a comparison is expected: ==, !=, <, <=, >, >=, ~, !~ or `in (…)`",
            field.name
        ))
    }

    fn list(&mut self, field: &'static Field) -> Result<Test, Mistake> {
        let relation = Relation::Equal;
        if !self.skip("(", "(") {
            return Err(self.mistake("behind `in` a list in parentheses is expected, such as `(486, 600)`"));
        }
        let mut wanted = vec![self.value(field, relation)?];
        while self.skip(",", ",") {
            wanted.push(self.value(field, relation)?);
        }
        if !self.skip(")", ")") {
            return Err(self.mistake("`,` or `)` is expected in this list"));
        }
        Ok(Test { field, relation, wanted })
    }

    fn field(&mut self) -> Result<&'static Field, Mistake> {
        let token = self.take();
        let Kind::Word(name) = &token.kind else {
            return Err(Mistake::new(token.place, "a field is expected here, such as `status` or `caller`"));
        };
        field::find(name).ok_or_else(|| {
            let message = match explain::closest(name, &field::names()) {
                Some(close) => format!("there is no field `{name}`; did you mean `{close}`?"),
                None => format!("there is no field `{name}`; there are: {}", field::names().join(", ")),
            };
            Mistake::new(token.place, message)
        })
    }

    fn value(&mut self, field: &Field, relation: Relation) -> Result<Wanted, Mistake> {
        let token = self.take();
        match &token.kind {
            Kind::Word(text) | Kind::Quoted(text) => Wanted::read(text, field.kind, relation, self.zone)
                .map_err(|message| Mistake::new(token.place, message)),
            _ => Err(Mistake::new(
                token.place,
                format!("a value is expected here: {}. The field holds: {}", field.kind.example(), field.help),
            )),
        }
    }
}

fn single(mut all: Vec<Expr>, several: fn(Vec<Expr>) -> Expr) -> Expr {
    match all.pop() {
        Some(only) if all.is_empty() => only,
        last => {
            all.extend(last);
            several(all)
        }
    }
}

fn negated(is_not: bool, expr: Expr) -> Expr {
    if is_not { Expr::Not(Box::new(expr)) } else { expr }
}
