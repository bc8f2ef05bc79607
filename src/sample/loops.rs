//! `for n in 1..30` … `end`: lines that are repeated, with `{n}` replaced inside. Works on lines, before anything is parsed.

use super::FlowError;
use super::number::{self, ONE};

/// Lines that a text may have after all loops are written out.
const MAX_LINES: usize = 200_000;

/// A line of the text with its number, from 1.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) number: usize,
    pub(super) text: String,
}

/// A loop variable and its present value.
type Variable<'a> = (&'a str, i64);

/// Writes out all loops. The first line that is wrong is the error.
pub(super) fn expand(text: &str) -> Result<Vec<Line>, FlowError> {
    let lines: Vec<(usize, &str)> = text.lines().enumerate().map(|(index, line)| (index + 1, line)).collect();
    let mut out = Vec::new();
    expand_into(&lines, &mut Vec::new(), &mut out)?;
    Ok(out)
}

fn expand_into<'a>(
    lines: &[(usize, &'a str)],
    variables: &mut Vec<Variable<'a>>,
    out: &mut Vec<Line>,
) -> Result<(), FlowError> {
    let mut rest = lines;
    while let Some(((number, line), after)) = rest.split_first() {
        rest = after;
        if line.trim_end() == "end" {
            return Err(FlowError::new(*number, "`end` without `for`"));
        }
        let Some(head) = line.strip_prefix("for ") else {
            if out.len() >= MAX_LINES {
                return Err(FlowError::new(*number, format!("more than {MAX_LINES} lines")));
            }
            out.push(Line { number: *number, text: replace(line, variables, *number)? });
            continue;
        };
        let (name, first, last) = loop_head(head)
            .ok_or_else(|| FlowError::new(*number, "a loop begins with `for NAME in FIRST..LAST` (both included)"))?;
        let inner = body_length(after).ok_or_else(|| FlowError::new(*number, "`for` without `end`"))?;
        if inner == 0 {
            return Err(FlowError::new(*number, "an empty loop"));
        }
        let (body, remaining) = after.split_at(inner);
        rest = remaining.get(1..).unwrap_or_default();
        for value in first..=last {
            variables.push((name, value));
            expand_into(body, variables, out)?;
            variables.pop();
        }
    }
    Ok(())
}

/// `n in 1..30`.
fn loop_head(head: &str) -> Option<(&str, i64, i64)> {
    let (name, range) = head.split_once(" in ")?;
    let (first, last) = range.trim().split_once("..")?;
    Some((name.trim(), first.parse().ok()?, last.parse().ok()?))
}

/// How many lines stand before the `end` of the loop whose head was just read.
fn body_length(lines: &[(usize, &str)]) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, (_, line)) in lines.iter().enumerate() {
        if line.starts_with("for ") {
            depth += 1;
        } else if line.trim_end() == "end" {
            if depth == 0 {
                return Some(index);
            }
            depth -= 1;
        }
    }
    None
}

/// Replaces `{n}`, `{n:02}`, `{n*0.8+1}`; other braces stay as they are.
fn replace(line: &str, variables: &[Variable<'_>], number: usize) -> Result<String, FlowError> {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        rest = after;
        let Some((inner, behind)) = after.split_once('}') else {
            out.push('{');
            continue;
        };
        let Some((value, operations)) = of_variable(inner, variables) else {
            out.push('{');
            continue;
        };
        let shown = evaluate(value, operations)
            .ok_or_else(|| FlowError::new(number, format!("`{{{inner}}}` cannot be calculated")))?;
        out.push_str(&shown);
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

/// The value of the variable that the expression begins with, and what follows its name.
fn of_variable<'a>(expression: &'a str, variables: &[Variable<'_>]) -> Option<(i64, &'a str)> {
    let end = expression.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(expression.len());
    let (name, operations) = expression.split_at_checked(end)?;
    let (_, value) = variables.iter().rev().find(|(known, _)| *known == name)?;
    Some((*value, operations))
}

/// Applies `*0.8`, `+1`, `-1`, `/2`, `%10` from left to right, then pads as `:02` asks.
fn evaluate(value: i64, operations: &str) -> Option<String> {
    let (mut operations, width) = match operations.split_once(':') {
        Some((operations, width)) => (operations, width.parse::<usize>().ok().filter(|width| *width <= 20)?),
        None => (operations, 0),
    };
    let one = i128::from(ONE);
    let mut total = i128::from(value).checked_mul(one)?;
    while let Some(operator) = operations.chars().next() {
        let behind = operations.get(1..)?;
        let end = behind.find(['*', '/', '+', '-', '%']).unwrap_or(behind.len());
        let (operand, remaining) = behind.split_at_checked(end)?;
        let operand = i128::from(number::parse(operand)?);
        total = match operator {
            '+' => total.checked_add(operand)?,
            '-' => total.checked_sub(operand)?,
            '*' => total.checked_mul(operand)? / one,
            '/' => total.checked_mul(one)?.checked_div(operand)?,
            '%' => total.checked_rem(operand)?,
            _ => return None,
        };
        operations = remaining;
    }
    let shown = number::show(i64::try_from(total).ok()?);
    Some(format!("{shown:0>width$}"))
}

#[cfg(test)]
mod tests {
    use super::{FlowError, expand};

    fn texts(text: &str) -> Vec<String> {
        expand(text).unwrap().into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn a_loop_includes_both_ends_and_keeps_line_numbers() {
        let lines = expand("a\nfor n in 1..3\nx {n}\nend\nb").unwrap();
        let seen: Vec<_> = lines.iter().map(|line| (line.number, line.text.as_str())).collect();
        assert_eq!(seen, [(1, "a"), (3, "x 1"), (3, "x 2"), (3, "x 3"), (5, "b")]);
    }

    #[test]
    fn expressions() {
        for (inside, shown) in [
            ("{n}", "7"),
            ("{n:02}", "07"),
            ("{n:03}", "007"),
            ("{n*0.8}", "5.6"),
            ("{n*0.8+0.05}", "5.65"),
            ("{n-1}", "6"),
            ("{n+93}", "100"),
            ("{n%5}", "2"),
            ("{n/2}", "3.5"),
            ("{n+93:04}", "0100"),
            ("{m}", "{m}"),
            ("{\"a\":1}", "{\"a\":1}"),
            ("{n", "{n"),
            ("é{n}é", "é7é"),
        ] {
            assert_eq!(texts(&format!("for n in 7..7\n{inside}\nend")), [shown]);
        }
    }

    #[test]
    fn loops_nest() {
        assert_eq!(texts("for n in 1..2\nfor m in 3..4\n{n}{m}\nend\nend"), ["13", "14", "23", "24"]);
    }

    #[test]
    fn errors_name_the_line() {
        for (text, line) in [
            ("end", 1),
            ("for n in 0..9223372036854775807\nend", 1),
            ("a\nfor n in 1..2\nb", 2),
            ("for n of 1..2\nend", 1),
            ("for n in 1..2\n\n{n*}\nend", 3),
            ("for n in 1..1\n{n/0}\nend", 2),
            ("for n in 1..900000\nx\nend", 2),
        ] {
            let error: FlowError = expand(text).unwrap_err();
            assert_eq!(error.line, line, "{text}: {error}");
        }
    }
}
