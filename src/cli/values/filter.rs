//! What `ps` shows of which containers: states, filters, formats.

use crate::ui::listing::{ContainerRow, Format, Row};

/// The engine's words for the states of a container.
pub const STATES: [&str; 7] = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];

/// Reads `status=STATE`, and returns the state.
pub fn status_filter(text: &str) -> Result<String, String> {
    let state = text.strip_prefix("status=").ok_or("the only filter is `status=STATE`")?;
    match STATES.contains(&state) {
        true => Ok(state.to_owned()),
        false => Err(format!("a state is one of {}", quoted(&STATES))),
    }
}

/// Reads `name=TEXT`, and returns the text.
pub fn name_filter(text: &str) -> Result<String, String> {
    text.strip_prefix("name=").map(str::to_owned).ok_or_else(|| "the only filter is `name=TEXT`".to_owned())
}

/// Reads `table`, `json`, or a template with the fields of containers.
pub fn ps_format(text: &str) -> Result<Format, String> {
    format::<ContainerRow<'_>>(text)
}

/// Reads `table`, `json`, or a template with the fields of a listing.
pub fn format<R: Row>(text: &str) -> Result<Format, String> {
    Format::parse::<R>(text).map_err(|message| {
        let fields: Vec<&str> = R::FIELDS.iter().map(|(name, _)| *name).collect();
        format!(
            "{message}; it must be `table`, `json`, `json-array`, or a template with fields of {}",
            fields.join(", ")
        )
    })
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ContainerState;

    #[test]
    fn a_filter_names_a_state_of_the_engine() {
        for state in STATES {
            assert_eq!(ContainerState::parse(state).as_str(), state);
            assert_eq!(status_filter(&format!("status={state}")).as_deref(), Ok(state));
        }
        for text in ["", "status", "status=", "status=gone", "name=web", "bogus=1"] {
            assert!(status_filter(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_format_that_is_refused_is_told_with_the_fields_there_are() {
        assert_eq!(ps_format("json"), Ok(Format::Json));
        let told = ps_format("{{.Nmae}}").unwrap_err();
        assert!(told.contains("there is no field `.Nmae`") && told.contains("Name, Names"), "{told}");
    }
}
