//! Truth values of options whose value may be left out: `--menu`, `--menu=false`.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::cli::booleans;

/// Reads a truth value.
///
/// Compat: the words of Go's `strconv.ParseBool`.
pub fn boolean() -> impl TypedValueParser<Value = bool> {
    let words = [
        PossibleValue::new("true").aliases(["1", "t", "T", "TRUE", "True"]),
        PossibleValue::new("false").aliases(["0", "f", "F", "FALSE", "False"]),
    ];
    PossibleValuesParser::new(words).map(|word| booleans::parse(&word) == Some(true))
}
