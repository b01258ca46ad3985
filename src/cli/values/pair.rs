//! `NAME=VALUE` pairs.

use crate::model::ServiceName;
use crate::text::escape_controls;

/// Reads `SERVICE=N`. How many replicas are too many is decided by the planner, which knows the service.
pub fn scale(text: &str) -> Result<(ServiceName, u32), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, count) = pair.ok_or("it must be SERVICE=N")?;
    let count = count.parse().map_err(|_| format!("`{}` is no number of containers", escape_controls(count)))?;
    Ok((ServiceName::from(name), count))
}

/// Reads `NAME=VALUE`, or `NAME` alone: its value is then that of the environment variable `NAME`.
pub fn build_arg(text: &str) -> Result<(String, Option<String>), String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    match name.is_empty() {
        true => Err("it must be NAME=VALUE, or the NAME of an environment variable".to_owned()),
        false => Ok((name.to_owned(), value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_scaled_to_a_number() {
        assert_eq!(scale("web=3"), Ok((ServiceName::from("web"), 3)));
        assert_eq!(scale("web=0"), Ok((ServiceName::from("web"), 0)));
        for text in ["", "web", "=3", "web=", "web=-1", "web=many", "web=4294967296", "a=b=1"] {
            assert!(scale(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_build_argument_has_a_name() {
        assert_eq!(build_arg("A=b=c"), Ok(("A".to_owned(), Some("b=c".to_owned()))));
        assert_eq!(build_arg("A="), Ok(("A".to_owned(), Some(String::new()))));
        assert_eq!(build_arg("A"), Ok(("A".to_owned(), None)));
        assert!(build_arg("").is_err() && build_arg("=b").is_err());
    }
}
