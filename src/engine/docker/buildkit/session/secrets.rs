//! Secrets of builds: read when a step asks for one, and kept nowhere.

#![expect(clippy::disallowed_methods, reason = "reads the file of a secret when a build asks for it")]

use std::io::Read;

use bollard_buildkit_proto::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};

use super::super::grpc::server::Call;
use super::super::grpc::{Code, Status};
use crate::model::FileSource;

/// The largest secret, in bytes. Compat: BuildKit's own limit.
const LARGEST: u64 = 500 * 1024;

/// Returns the id of the secret that is asked for.
pub(super) async fn request(call: &mut Call) -> Result<String, Status> {
    Ok(call.messages.next::<GetSecretRequest>().await?.unwrap_or_default().id)
}

/// Sends a secret. A step that can do without the secret is told that there is none.
pub(super) async fn answer(call: Call, id: &str, secret: Option<FileSource>) -> Result<(), Status> {
    let data = match secret {
        Some(source) => {
            let (id, unread) =
                (id.to_owned(), Status::new(Code::Internal, format!("secret {id}: it could not be read")));
            tokio::task::spawn_blocking(move || read(&id, &source)).await.map_err(|_| unread)??
        }
        None => return Err(Status::new(Code::NotFound, format!("secret {id}: not found"))),
    };
    call.answers.send(&GetSecretResponse { data }).await
}

/// Returns the content of a secret. An error names the secret, never its content.
fn read(id: &str, source: &FileSource) -> Result<Vec<u8>, Status> {
    let fault = |code, why: String| Status::new(code, format!("secret {id}: {why}"));
    match source {
        FileSource::File(path) => {
            let mut bytes = Vec::new();
            let file = std::fs::File::open(path).map_err(|error| fault(Code::NotFound, error.to_string()))?;
            file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| fault(Code::Internal, error.to_string()))?;
            match bytes.len() as u64 > LARGEST {
                true => Err(fault(Code::Invalid, "the file is larger than 500 KiB".to_owned())),
                false => Ok(bytes),
            }
        }
        FileSource::Environment { value: Some(value), .. } | FileSource::Content(value) => {
            Ok(crate::text::to_bytes(value).into_owned())
        }
        FileSource::Environment { variable, value: None } => {
            Err(fault(Code::NotFound, format!("variable `{variable}` is not set")))
        }
        FileSource::External => Err(fault(Code::NotFound, "its content is in a cluster".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_comes_from_a_file_or_a_variable_and_an_error_hides_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "word").unwrap();
        assert_eq!(read("a", &FileSource::File(file.path().into())).unwrap(), b"word");
        std::fs::write(file.path(), vec![b'x'; 500 * 1024 + 1]).unwrap();
        let error = read("a", &FileSource::File(file.path().into())).unwrap_err();
        assert_eq!(error.message, "secret a: the file is larger than 500 KiB");
        let variable =
            |value: Option<&str>| FileSource::Environment { variable: "V".to_owned(), value: value.map(str::to_owned) };
        assert_eq!(read("a", &variable(Some("word"))).unwrap(), b"word");
        assert_eq!(read("a", &variable(None)).unwrap_err().message, "secret a: variable `V` is not set");
    }
}
