//! Why a hub does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a hub could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another hub holds the data folder.
    #[error(
        "the data folder {} is in use by another hub; stop it or choose another folder",
        .folder.display()
    )]
    FolderInUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The data folder cannot be created or written.
    // What the system said is the source, which readers of the whole chain get once.
    #[error("the data folder {} cannot be used", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A folder for `file:///` containers cannot be used.
    #[error("the folder {} cannot be used for file:/// containers", .folder.display())]
    Files {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The development CA cannot be read or kept.
    #[error(
        "the development CA in {} cannot be used: {cause}; hint: check the permissions of the folder and the space on its disk, or move it away to get a new CA",
        .folder.display()
    )]
    Tls {
        /// Its folder.
        folder: PathBuf,
        /// What went wrong.
        cause: String,
    },
    /// The database cannot be opened.
    #[error("the hub's database cannot be opened: {0}")]
    Data(String),
    /// Anything else.
    #[error("the hub could not start: {0}")]
    Internal(String),
}
