//! A session: what the engine's BuildKit may ask this program for while it builds. Directories, secrets, logins and the
//! agents of SSH are sent only when a step needs them.
//!
//! The connection of `POST /session` is taken over, and the engine then makes calls to this program. Builds that run at the
//! same time share a session (see `sharing`). Start at [`Session::open`].

mod auth;
pub(super) mod content;
mod secrets;
pub(super) mod select;
pub(super) mod sharing;
mod ssh;
mod sync;
pub(super) mod tables;
pub(super) mod walk;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bollard_buildkit_proto::health::{HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus};

use self::tables::Tables;
use super::grpc::server::{self, Call, Service};
use super::grpc::{Code, Status};
use super::names::{WHAT, random_id};
use crate::engine::docker::build::size::Size;
use crate::engine::docker::http::raw::Raw;
use crate::engine::docker::registry::credentials::Credentials;
use crate::engine::{BuildEvent, EngineError, EngineResult, ErrorKind};

const HEALTH: &str = "/grpc.health.v1.Health/Check";
const CREDENTIALS: &str = "/moby.filesync.v1.Auth/Credentials";
const SYNC: &str = "/moby.filesync.v1.FileSync/DiffCopy";
const SECRET: &str = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
const CHECK_AGENT: &str = "/moby.sshforward.v1.SSH/CheckAgent";
const FORWARD_AGENT: &str = "/moby.sshforward.v1.SSH/ForwardAgent";

/// An open session. It ends when it is dropped.
pub(crate) struct Session {
    id: String,
    offer: Arc<Offer>,
    serving: tokio::task::JoinHandle<()>,
}

/// What a session answers with.
struct Offer {
    tables: Mutex<Tables>,
    credentials: Credentials,
    /// Bytes of directories that were sent: names, attributes and contents.
    sent: Arc<AtomicU64>,
    /// Sizes of the directories, by name.
    sizes: Mutex<BTreeMap<String, Size>>,
}

impl Session {
    /// Opens a session (`POST /session`). Its id is new, because the engine keeps what it knows of an id.
    pub(super) async fn open(raw: &Raw, credentials: &Credentials, tables: Tables) -> EngineResult<Self> {
        let id = random_id()?;
        let header = |name: &str, value: &str| (format!("X-Docker-Expose-Session-{name}"), value.to_owned());
        let mut headers = vec![
            header("Uuid", &id),
            header("Name", "inception"),
            // The engine keeps a copy of each directory, by this key and the directory's name in the session. A later
            // session finds the copy and is asked for the differences.
            header("Sharedkey", &tables::shared_key(&tables)),
        ];
        let methods = [HEALTH, CREDENTIALS, SYNC, SECRET, CHECK_AGENT, FORWARD_AGENT];
        headers.extend(methods.map(|method| header("Grpc-Method", method)));
        headers.extend(content::METHODS.map(|method| header("Grpc-Method", &format!("{}{method}", content::SERVICE))));
        let headers: Vec<(&str, String)> = headers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let stream = raw.upgrade_to(WHAT, "/session", "h2c", &headers).await?;
        let offer = Arc::new(Offer {
            tables: Mutex::new(tables),
            credentials: credentials.clone(),
            sent: Arc::default(),
            sizes: Mutex::default(),
        });
        let serving = tokio::spawn(server::serve(stream, Arc::clone(&offer)));
        Ok(Self { id, offer, serving })
    }

    /// Returns the name by which a build refers to the session.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Returns whether the engine is still connected.
    fn is_open(&self) -> bool {
        !self.serving.is_finished()
    }

    /// Adds what another build needs. Returns false, and adds nothing, where one name would mean two things.
    fn add(&self, tables: &Tables) -> bool {
        self.offer.tables().join(tables)
    }

    /// Returns the event about a large context, once.
    pub(super) fn large_context(&self) -> Option<BuildEvent> {
        self.offer.sizes().values().find_map(Size::told)
    }

    /// Returns how many bytes of directories were sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.offer.sent.load(Ordering::Relaxed)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Offer {
    fn sizes(&self) -> MutexGuard<'_, BTreeMap<String, Size>> {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Service for Offer {
    async fn carry_out(&self, mut call: Call) -> Result<(), Status> {
        match call.method.as_str() {
            HEALTH => {
                call.messages.next::<HealthCheckRequest>().await?;
                call.answers.send(&HealthCheckResponse { status: ServingStatus::Serving.into() }).await
            }
            SYNC => {
                let name = call.words.one("dir-name").unwrap_or_default();
                let directory = self.tables().directories.get(&name).cloned();
                let unknown = || Status::new(Code::NotFound, format!("this build has no directory `{name}`"));
                let size = self.sizes().entry(name.clone()).or_default().clone();
                sync::send(call, directory.ok_or_else(unknown)?, &self.sent, size).await
            }
            SECRET => {
                let request = secrets::request(&mut call).await?;
                let secret = self.tables().secrets.get(&request).cloned();
                secrets::answer(call, &request, secret).await
            }
            CREDENTIALS => auth::answer(call, &self.credentials).await,
            CHECK_AGENT => ssh::check(call, |id| self.tables().agents.get(id).cloned()).await,
            FORWARD_AGENT => ssh::forward(call, |id| self.tables().agents.get(id).cloned()).await,
            method if method.starts_with(content::SERVICE) => {
                let store = call.words.one(content::STORE).unwrap_or_default();
                let directory = self.tables().caches.get(&store).cloned();
                let unknown = || Status::new(Code::NotFound, format!("this build has no cache `{store}`"));
                content::answer(call, directory.ok_or_else(unknown)?).await
            }
            method => Err(Status::new(Code::Unimplemented, format!("`{method}` is not offered"))),
        }
    }
}

/// Turns a failed call into an error of the build.
pub(super) fn error(status: &Status) -> EngineError {
    let kind = match status.code {
        Code::Broken => ErrorKind::Connection,
        Code::Unimplemented => ErrorKind::Unsupported,
        Code::Denied => ErrorKind::Denied,
        Code::Invalid => ErrorKind::Invalid,
        _ => ErrorKind::Engine,
    };
    EngineError::new(kind, WHAT, &status.message)
}
