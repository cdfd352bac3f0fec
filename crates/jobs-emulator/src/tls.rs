//! HTTPS with a certificate authority of the hub's own, made on first use.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jobs_devices::Writer;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use crate::data_folder::create_private_folder;

const CA_FILE: &str = "ca.pem";
const KEY_FILE: &str = "ca-key.pem";
const DAY: Duration = Duration::from_secs(86_400);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The folder of a development CA.
pub(crate) struct CaFolder {
    path: PathBuf,
    is_temporary: bool,
}

impl CaFolder {
    /// A folder that stays.
    pub(crate) fn kept(path: PathBuf) -> Self {
        Self {
            path,
            is_temporary: false,
        }
    }

    /// A new folder in the system's temporary one, removed with this value.
    pub(crate) fn temporary() -> Self {
        let name = format!("iothub-jobs-ca-{}", uuid::Uuid::new_v4().simple());
        Self {
            path: std::env::temp_dir().join(name),
            is_temporary: true,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The certificate that clients have to trust.
    pub(crate) fn file(&self) -> PathBuf {
        self.path.join(CA_FILE)
    }
}

impl Drop for CaFolder {
    fn drop(&mut self) {
        if self.is_temporary {
            // Best effort: it is a temporary folder, and the key in it is of use for nothing now.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// An acceptor with a fresh certificate for localhost, 127.0.0.1, ::1 and
/// `names`, signed by the CA in `folder`, which is made when it is missing.
pub(crate) fn acceptor(folder: &Path, names: &[String]) -> Result<TlsAcceptor, Failure> {
    let key_pem = keep_ca(folder)?;
    let issuer = Issuer::new(ca_params()?, KeyPair::from_pem(&key_pem)?);

    let mut all: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    for name in names {
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    let mut params = CertificateParams::new(all)?;
    params.distinguished_name = common_name("iothub-jobs local hub");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let now = SystemTime::now();
    params.not_before = (now - DAY).into();
    params.not_after = (now + 365 * DAY).into();
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &issuer)?;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der())?,
        )?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The CA's certificate is the same for the same key, up to its dates.
fn ca_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = common_name("iothub-jobs local development CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    let now = SystemTime::now();
    params.not_before = (now - DAY).into();
    params.not_after = (now + 3650 * DAY).into();
    Ok(params)
}

fn common_name(text: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, text);
    name
}

/// Reads the CA's key, or makes a CA. The folder appears whole or not at all,
/// so hubs that start at the same moment agree on one CA.
fn keep_ca(folder: &Path) -> Result<String, Failure> {
    let key_file = folder.join(KEY_FILE);
    if let Some(text) = read(&key_file)? {
        return Ok(text);
    }
    let parent = folder
        .parent()
        .filter(|path| !path.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let fresh = parent.join(format!(".ca-{}", uuid::Uuid::new_v4().simple()));
    let made = make_ca(&fresh, folder, &key_file);
    // Gone when it took its place; a full disk leaves half of it.
    let _ = fs::remove_dir_all(&fresh);
    made
}

/// Makes a CA in `fresh` and moves it to `folder`; gives the key of the CA that is there then.
fn make_ca(fresh: &Path, folder: &Path, key_file: &Path) -> Result<String, Failure> {
    create_private_folder(fresh)?;
    let key = KeyPair::generate()?;
    let certificate = ca_params()?.self_signed(&key)?;
    let mut private = Writer::create(fresh.join(KEY_FILE))?;
    private.write_all(key.serialize_pem().as_bytes())?;
    private.finish()?;
    fs::write(fresh.join(CA_FILE), certificate.pem())?;
    if fs::rename(fresh, folder).is_ok() {
        return Ok(key.serialize_pem());
    }
    // Another hub was first, or the folder exists with other things in it.
    if let Some(text) = read(key_file)? {
        return Ok(text);
    }
    fs::rename(fresh.join(CA_FILE), folder.join(CA_FILE))?;
    fs::rename(fresh.join(KEY_FILE), key_file)?;
    Ok(key.serialize_pem())
}

fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
