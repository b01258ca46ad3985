//! Floating-point numbers as Go prints them.

/// Prints a number as Go's `%v` prints it: the shortest form, with an exponent below 1e-4 and from 1e6 on.
pub fn print_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e6).contains(&magnitude) {
        let text = format!("{value:e}");
        return match text.split_once('e') {
            Some((mantissa, exponent)) => {
                let (sign, digits) = match exponent.strip_prefix('-') {
                    Some(digits) => ('-', digits),
                    None => ('+', exponent),
                };
                format!("{mantissa}e{sign}{digits:0>2}")
            }
            None => text,
        };
    }
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use super::print_float;

    #[test]
    fn numbers_print_as_go_prints_them() {
        assert_eq!(print_float(1000.0), "1000");
        assert_eq!(print_float(1.5), "1.5");
        assert_eq!(print_float(1e21), "1e+21");
        assert_eq!(print_float(0.00001), "1e-05");
    }
}
