//! Builds that run at the same time share a session, so that a directory which several of them need is sent once.
//!
//! A session is shared only while a build uses it. Later builds get a session with a new id, and so see the directories
//! as they are then. Builds that mean two things by one name, such as two secrets `token`, get sessions of their own.

use std::sync::{Arc, Weak};

use tokio::sync::Mutex;

use super::Session;
use super::tables::Tables;
use crate::engine::EngineResult;
use crate::engine::docker::http::raw::Raw;
use crate::engine::docker::registry::credentials::Credentials;

/// The sessions of builds that run.
#[derive(Default)]
pub(in crate::engine::docker) struct Sessions(Mutex<Vec<Weak<Session>>>);

impl Sessions {
    /// Returns a session that offers what a build needs. The caller keeps the session while it builds.
    pub(crate) async fn join(
        &self,
        raw: &Raw,
        credentials: &Credentials,
        tables: Tables,
    ) -> EngineResult<Arc<Session>> {
        let mut open = self.0.lock().await;
        open.retain(|session| session.strong_count() > 0);
        let fits = |session: Arc<Session>| (session.is_open() && session.add(&tables)).then_some(session);
        if let Some(session) = open.iter().filter_map(Weak::upgrade).find_map(fits) {
            return Ok(session);
        }
        let session = Arc::new(Session::open(raw, credentials, tables).await?);
        open.push(Arc::downgrade(&session));
        Ok(session)
    }
}
