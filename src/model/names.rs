//! Name newtypes, so that a key in a file is never taken for a name in the engine.

use std::borrow::Borrow;
use std::fmt;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps `text` as it is; the loader or the engine has already judged it.
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
    /// The project's name: `[a-z0-9][a-z0-9_-]*`, the first part of most names in the engine.
    ProjectName
);
name!(
    /// A key under `services:`.
    ServiceName
);
name!(
    /// A key under `networks:` in the file; see [`NetworkName`].
    NetworkKey
);
name!(
    /// A network's name in the engine, usually `<project>_<key>`.
    NetworkName
);
name!(
    /// A network's id in the engine.
    NetworkId
);
name!(
    /// A key under `volumes:` in the file; see [`VolumeName`].
    VolumeKey
);
name!(
    /// A volume's name in the engine, usually `<project>_<key>`; the engine knows volumes by name only.
    VolumeName
);
name!(
    /// A container's full id in the engine (64 hexadecimal digits).
    ContainerId
);
name!(
    /// A container's name in the engine, without the leading slash.
    ContainerName
);
name!(
    /// An image as written in a file: `[registry/]repository[:tag][@digest]`.
    ImageRef
);
name!(
    /// An image's id in the engine: `sha256:` and 64 hexadecimal digits.
    ImageId
);

impl ContainerId {
    /// Returns the first twelve digits, as people see ids.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl ImageId {
    /// Returns twelve digits without the algorithm, as people see ids.
    pub fn short(&self) -> &str {
        let digits = self.0.strip_prefix("sha256:").unwrap_or(&self.0);
        digits.get(..12).unwrap_or(digits)
    }

    /// Returns whether a text is its first digits, with or without the algorithm.
    pub fn begins_with(&self, text: &str) -> bool {
        self.0.starts_with(text) || self.0.strip_prefix("sha256:").is_some_and(|digits| digits.starts_with(text))
    }
}
