//! Types for names and ids, so that a key of a file cannot be confused with a name of the engine.

use std::borrow::Borrow;
use std::fmt;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a text without a check: the loader or the engine has checked the text.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }
    };
}

name!(
    /// Name of a project: `[a-z0-9][a-z0-9_-]*`. Most names in the engine begin with this name.
    ProjectName
);
name!(
    /// A key under `services:`.
    ServiceName
);
name!(
    /// A key under `networks:` in a file; the engine knows the [`NetworkName`].
    NetworkKey
);
name!(
    /// Name of a network in the engine, usually `<project>_<key>`.
    NetworkName
);
name!(
    /// Id of a network in the engine.
    NetworkId
);
name!(
    /// A key under `volumes:` in a file; the engine knows the [`VolumeName`].
    VolumeKey
);
name!(
    /// Name of a volume in the engine, usually `<project>_<key>`. Volumes have no ids.
    VolumeName
);
name!(
    /// Full id of a container in the engine (64 hexadecimal digits).
    ContainerId
);
name!(
    /// Name of a container in the engine, without the leading slash.
    ContainerName
);
name!(
    /// Name of an image as written in a file: `[registry/]repository[:tag][@digest]`.
    ImageRef
);
name!(
    /// Id of an image in the engine: `sha256:` and 64 hexadecimal digits.
    ImageId
);

impl ContainerId {
    /// Returns the first twelve digits, as the `docker` command shows ids.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl ImageId {
    /// Returns twelve digits without the algorithm, as the `docker` command shows ids.
    pub fn short(&self) -> &str {
        let digits = self.0.strip_prefix("sha256:").unwrap_or(&self.0);
        digits.get(..12).unwrap_or(digits)
    }

    /// Returns whether the id begins with a text, with or without the algorithm.
    pub fn begins_with(&self, text: &str) -> bool {
        self.0.starts_with(text) || self.0.strip_prefix("sha256:").is_some_and(|digits| digits.starts_with(text))
    }
}
