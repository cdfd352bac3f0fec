//! Why a hub does not start.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a hub could not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// Another hub holds the data folder.
    FolderInUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The data folder cannot be created or written.
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The address cannot be listened on.
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        cause: io::Error,
    },
    /// A folder for `file:///` containers cannot be used.
    Files {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The development CA cannot be read or kept.
    Tls {
        /// Its folder.
        folder: PathBuf,
        /// What went wrong.
        cause: String,
    },
    /// The database cannot be opened.
    Data(String),
    /// Anything else.
    Internal(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FolderInUse { folder } => {
                write!(
                    f,
                    "the data folder {} is in use by another hub; stop it or choose another folder",
                    folder.display()
                )
            }
            // What the system said is the source, which readers of the whole chain get once.
            Self::Folder { folder, .. } => {
                write!(f, "the data folder {} cannot be used", folder.display())
            }
            Self::Files { folder, .. } => write!(
                f,
                "the folder {} cannot be used for file:/// containers",
                folder.display()
            ),
            Self::Listen { address, .. } => write!(f, "cannot listen on {address}"),
            Self::Tls { folder, cause } => {
                write!(
                    f,
                    "the development CA in {} cannot be used: {cause}; hint: check the permissions of the folder and the space on its disk, or move it away to get a new CA",
                    folder.display()
                )
            }
            Self::Data(cause) => write!(f, "the hub's database cannot be opened: {cause}"),
            Self::Internal(cause) => write!(f, "the hub could not start: {cause}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Folder { cause, .. } | Self::Files { cause, .. } | Self::Listen { cause, .. } => {
                Some(cause)
            }
            _ => None,
        }
    }
}
