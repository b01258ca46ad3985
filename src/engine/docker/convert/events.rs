//! Events: the query of a subscription, and the lines of its answer.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::engine::docker::convert::logs::unix_time;
use crate::engine::docker::http::raw::encode;
use crate::engine::{EventQuery, ObjectEvent, ObjectKind};

/// Returns the path of a subscription.
pub(crate) fn path(query: &EventQuery) -> String {
    let mut filters = serde_json::Map::new();
    if !query.kinds.is_empty() {
        let kinds: Vec<&str> = query.kinds.iter().map(ObjectKind::as_str).collect();
        filters.insert("type".to_owned(), serde_json::json!(kinds));
    }
    if !query.labels.is_empty() {
        filters.insert("label".to_owned(), serde_json::json!(query.labels));
    }
    let mut path = format!("/events?filters={}", encode(&serde_json::Value::Object(filters).to_string()));
    for (name, moment) in [("since", &query.since), ("until", &query.until)] {
        if let Some(moment) = moment {
            path.push_str(&format!("&{name}={}", encode(&unix_time(moment))));
        }
    }
    path
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Type", default)]
    kind: String,
    #[serde(rename = "Action", default)]
    action: String,
    #[serde(rename = "Actor", default)]
    actor: Actor,
    #[serde(rename = "timeNano", default)]
    time_nanos: i64,
}

#[derive(Default, Deserialize)]
struct Actor {
    #[serde(rename = "ID", default)]
    id: String,
    #[serde(rename = "Attributes", default)]
    attributes: BTreeMap<String, String>,
}

/// Returns the event of a line; `None` for a line that is no event.
pub(crate) fn event(line: &[u8]) -> Option<ObjectEvent> {
    let event: Event = serde_json::from_slice(line).ok()?;
    (!event.action.is_empty()).then(|| ObjectEvent {
        kind: ObjectKind::of(&event.kind),
        id: event.actor.id,
        action: event.action,
        time_nanos: event.time_nanos,
        attributes: event.actor.attributes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_every_kind_are_read_and_other_lines_passed_over() {
        let line =
            br#"{"Type":"network","Action":"connect","Actor":{"ID":"n","Attributes":{"container":"c"}},"timeNano":7}"#;
        let found = event(line).unwrap();
        assert_eq!((found.kind.clone(), found.id.as_str(), found.time_nanos), (ObjectKind::Network, "n", 7));
        assert!(found.into_container().is_none());
        let future = event(br#"{"Type":"checkpoint","Action":"create"}"#).unwrap();
        assert_eq!(future.kind, ObjectKind::Other("checkpoint".into()));
        assert!(event(b"not json").is_none() && event(b"[]").is_none());
    }

    #[test]
    fn a_query_names_only_what_it_asks_for() {
        assert_eq!(path(&EventQuery::default()), "/events?filters=%7B%7D");
        let query = EventQuery { kinds: vec![ObjectKind::Image], since: Some("5".to_owned()), ..EventQuery::default() };
        assert_eq!(path(&query), "/events?filters=%7B%22type%22%3A%5B%22image%22%5D%7D&since=5");
    }
}
