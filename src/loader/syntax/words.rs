//! Splits a command that is written as one text into words, as docker compose does.
//!
//! Compat: mattn/go-shellwords. It knows quotes and backslashes, runs no shell, and stops at the first operator of a shell:
//! of `serve && exit` only `serve` is left. Config hashes cover the words, so both tools must find the same words.

/// The words of a command up to the first operator of a shell.
#[derive(Debug, PartialEq, Eq)]
pub struct Words {
    /// Program and arguments.
    pub words: Vec<String>,
    /// The operator that ended the words, such as `&` or `|`. `None` where the whole text was read.
    pub ended_at: Option<char>,
}

/// Splits a text. `None` where a quote, a backquote or a bracket is not closed.
pub fn split(text: &str) -> Option<Words> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut is_word = false;
    let (mut escaped, mut double, mut single, mut back, mut dollar) = (false, false, false, false, false);
    let mut ended_at = None;
    for char in text.chars() {
        if escaped {
            word.push(match char {
                't' => '\t',
                'n' => '\n',
                other => other,
            });
            escaped = false;
            is_word = true;
            continue;
        }
        match char {
            '\\' if single => word.push(char),
            '\\' => escaped = true,
            ' ' | '\t' | '\r' | '\n' if single || double || back || dollar => word.push(char),
            ' ' | '\t' | '\r' | '\n' => {
                if is_word {
                    words.push(std::mem::take(&mut word));
                }
                is_word = false;
            }
            '"' if !single && !dollar => {
                is_word |= double;
                double = !double;
            }
            '\'' if !double && !dollar => {
                is_word |= single;
                single = !single;
            }
            // Different from docker compose, which refuses the text (docs/compat.md): an opening bracket without a `$`
            // before it is an ordinary character.
            '(' if !single && !double && !back && !dollar && word.ends_with('$') => {
                dollar = true;
                word.push(char);
            }
            ';' | '&' | '|' | '<' | '>' if !(single || double || back || dollar) => {
                // The `2` of `2>` is not a word: it belongs to the operator.
                if char == '>' && word.starts_with(|first: char| first.is_ascii_digit()) {
                    is_word = false;
                }
                ended_at = Some(char);
                break;
            }
            other => {
                match other {
                    '`' if !single && !double && !dollar => back = !back,
                    ')' if dollar && !single && !double && !back => dollar = false,
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
    (!(escaped || single || double || back || dollar)).then_some(Words { words, ended_at })
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
        check(r"tab\t new\n 'raw\n'", Some(&["tab\t", "new\n", r"raw\n"]));
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
    }
}
