//! Splits a command in one text into words, as docker compose does.
//!
//! Compat: the library mattn/go-shellwords knows quotes and backslashes, runs no shell, and stops at the first shell
//! operator: of `serve && exit` only `serve` is left. Config hashes cover the words, so both tools must find the same
//! words. A backslash keeps the next character as it is: `\n` is the letter `n`.

/// The words of a command up to the first shell operator.
#[derive(Debug, PartialEq, Eq)]
pub struct Words {
    /// Program and arguments.
    pub words: Vec<String>,
    /// The operator after the words, such as `&` or `|`. `None` if the whole text was read.
    pub ended_at: Option<char>,
}

/// The quotes and brackets that are open at one character of the text.
#[derive(Default)]
struct Open {
    double: bool,
    single: bool,
    backquote: bool,
    /// `$(`.
    command: bool,
}

impl Open {
    fn is_quoted(&self) -> bool {
        self.double || self.single || self.backquote
    }

    fn any(&self) -> bool {
        self.is_quoted() || self.command
    }
}

/// Splits a text. `None` if a quote, a backquote or a bracket is not closed.
///
/// Different from docker compose (docs/compat.md): if it would refuse the text because of brackets without a `$` before
/// them, they are ordinary characters here.
pub fn split(text: &str) -> Option<Words> {
    read(text, true).or_else(|| read(text, false))
}

/// Splits a text. If brackets are operators, `)` alone begins and ends a command as `$(` and `)` do, and `(` alone is
/// refused.
fn read(text: &str, are_brackets_operators: bool) -> Option<Words> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut is_word = false;
    let mut is_escaped = false;
    let mut open = Open::default();
    let mut ended_at = None;
    for char in text.chars() {
        if is_escaped {
            word.push(char);
            (is_escaped, is_word) = (false, true);
            continue;
        }
        match char {
            '\\' if open.single => word.push(char),
            '\\' => is_escaped = true,
            ' ' | '\t' | '\r' | '\n' if open.any() => word.push(char),
            ' ' | '\t' | '\r' | '\n' => {
                if is_word {
                    words.push(std::mem::take(&mut word));
                }
                is_word = false;
            }
            '"' if !open.single && !open.command => {
                is_word |= open.double;
                open.double = !open.double;
            }
            '\'' if !open.double && !open.command => {
                is_word |= open.single;
                open.single = !open.single;
            }
            '(' if !open.any() && word.ends_with('$') => {
                open.command = true;
                word.push(char);
            }
            '(' if are_brackets_operators && !open.is_quoted() => return None,
            ';' | '&' | '|' | '<' | '>' if !open.any() => {
                // The `2` of `2>` is part of the operator, not a word.
                is_word &= char != '>' || !word.starts_with(|first: char| first.is_ascii_digit());
                ended_at = Some(char);
                break;
            }
            other => {
                match other {
                    '`' if !open.single && !open.double && !open.command => open.backquote = !open.backquote,
                    ')' if !open.is_quoted() && (open.command || are_brackets_operators) => {
                        open.command = !open.command
                    }
                    _ => {}
                }
                word.push(other);
                is_word = true;
            }
        }
    }
    if is_word {
        words.push(word);
    }
    (!is_escaped && !open.any()).then_some(Words { words, ended_at })
}

#[cfg(test)]
mod tests {
    use super::split;

    fn check(text: &str, expected: Option<&[&str]>) {
        let words = split(text).map(|found| found.words);
        assert_eq!(words, expected.map(|list| list.iter().map(|word| (*word).to_owned()).collect()), "{text}");
    }

    #[test]
    fn quotes_and_backslashes_are_those_of_docker_compose() {
        check("a  'b c' \"d \\\" e\" f\\ g", Some(&["a", "b c", "d \" e", "f g"]));
        check("a '' \"\" b", Some(&["a", "", "", "b"]));
        check(r#"tab\t new\n "q\tq\n" 'raw\n' \\n"#, Some(&["tabt", "newn", "qtqn", r"raw\n", r"\n"]));
        check("pre'quoted'post", Some(&["prequotedpost"]));
        check("", Some(&[]));
        for open in ["'a", "\"a", "a\\", "`a", "a$(b"] {
            check(open, None);
        }
    }

    #[test]
    fn the_first_operator_ends_the_command() {
        check("a && b", Some(&["a"]));
        check("a 2> b", Some(&["a"]));
        check("a x> b", Some(&["a", "x"]));
        check("a 'b && c' | d", Some(&["a", "b && c"]));
        check("a $(b | c) `d ; e`", Some(&["a", "$(b | c)", "`d ; e`"]));
    }

    #[test]
    fn brackets_are_characters() {
        check("x (y)", Some(&["x", "(y)"]));
        check("a) b", Some(&["a)", "b"]));
        check("a) ; b) c", Some(&["a) ; b)", "c"]));
        check(") `'')b", Some(&[") `'')b"]));
    }
}
