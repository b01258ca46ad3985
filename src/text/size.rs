//! Sizes in bytes: `64m`, `1.5gb` or a plain number. Each unit is 1024 times the previous one.

/// Reads a size in bytes. A plain number may be negative: `-1` means no limit.
pub fn parse_size(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return Some(number);
    }
    let end = text.find(|char: char| !(char.is_ascii_digit() || char == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let unit = unit.trim_start().to_ascii_lowercase();
    let factor: f64 = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 1.0,
        "k" => 1024.0,
        "m" => 1_048_576.0,
        "g" => 1_073_741_824.0,
        "t" => 1_099_511_627_776.0,
        "p" => 1_125_899_906_842_624.0,
        _ => return None,
    };
    Some((number * factor) as i64)
}

#[cfg(test)]
mod tests {
    use super::parse_size as parse;

    #[test]
    fn sizes_count_in_steps_of_1024() {
        assert_eq!(parse("64m"), Some(67_108_864));
        assert_eq!(parse("1.5GB"), Some(1_610_612_736));
        assert_eq!(parse("100"), Some(100));
        assert_eq!(parse("2kib"), Some(2048));
        assert_eq!(parse("x"), None);
        assert_eq!(parse("1x"), None);
    }
}
