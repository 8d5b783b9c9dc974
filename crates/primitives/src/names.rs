//! Names that an operator gives: of profiles, and of directories of users.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Defines a name of 1 to 64 characters of `[a-z0-9-]`.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $(#[$error_doc:meta])* $error:ident = $text:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        $(#[$error_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[error($text)]
        pub struct $error;

        impl $name {
            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
                if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
                    Ok(Self(text.into()))
                } else {
                    Err($error)
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, formatter)
            }
        }
    };
}

name! {
    /// The name of a profile: 1 to 64 of `[a-z0-9-]`, as it stands in its issuer.
    ProfileName,
    /// Text that is no name of a profile.
    NotAProfileName = "a profile's name has 1 to 64 characters from a-z 0-9 -"
}

name! {
    /// The name of a directory of users: 1 to 64 of `[a-z0-9-]`.
    DirectoryName,
    /// Text that is no name of a directory.
    NotADirectoryName = "a directory's name has 1 to 64 characters from a-z 0-9 -"
}
