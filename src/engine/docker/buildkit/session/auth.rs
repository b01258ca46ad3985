//! Logins of registries, which the engine asks for when a build pulls or pushes.

use bollard_buildkit_proto::moby::filesync::v1::{CredentialsRequest, CredentialsResponse};

use super::super::grpc::Status;
use super::super::grpc::server::Call;
use crate::engine::docker::registry::credentials::Credentials;

/// Sends the login of a registry; a blank one where there is none.
pub(super) async fn answer(mut call: Call, credentials: &Credentials) -> Result<(), Status> {
    let request = call.messages.next::<CredentialsRequest>().await?.unwrap_or_default();
    let login = credentials.of_host(&request.host).await.unwrap_or_default();
    let answer = match login.identitytoken {
        // Compat: a secret without a user is an identity token.
        Some(token) => CredentialsResponse { username: String::new(), secret: token },
        None => CredentialsResponse {
            username: login.username.unwrap_or_default(),
            secret: login.password.unwrap_or_default(),
        },
    };
    call.answers.send(&answer).await
}
