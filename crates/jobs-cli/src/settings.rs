//! Which hub and which container a command works on: an option wins over an environment variable.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::args::hub::{HubArgs, HubAuth};
use crate::args::jobs::ContainerArgs;
use crate::environment::{self, Environment};
use crate::failure::Failure;
use crate::input;
use crate::secret_file::{self, origin_of};
use crate::streams;

/// Text that must not be shown.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

/// How to sign in to the hub.
#[derive(Debug)]
pub(crate) enum SignIn {
    /// With this connection string, which came from `origin`.
    ConnectionString { text: Secret, origin: String },
    /// With Microsoft Entra ID at this host, with this token if one was given.
    Entra { host: String, token: Option<Secret> },
}

/// Everything that a client for the hub is made from.
#[derive(Debug)]
pub(crate) struct HubSettings {
    pub(crate) sign_in: SignIn,
    /// Where requests go, and where that was said.
    pub(crate) endpoint: Option<(String, &'static str)>,
    /// Certificate authorities to trust, and the file that they came from.
    pub(crate) ca_pem: Option<(Vec<u8>, PathBuf)>,
    pub(crate) api_version: Option<String>,
}

/// A container URI and where it came from.
#[derive(Debug)]
pub(crate) struct ContainerText {
    pub(crate) uri: Secret,
    pub(crate) origin: String,
    /// Hosts besides loopback that may be used over plain http.
    pub(crate) http_hosts: Vec<String>,
}

impl ContainerText {
    fn new(uri: Secret, origin: impl Into<String>) -> Self {
        Self {
            uri,
            origin: origin.into(),
            http_hosts: Vec::new(),
        }
    }

    /// A query without a signature: what a shell leaves of an unquoted URI.
    pub(crate) fn looks_cut(&self) -> bool {
        match self.uri.expose().split_once('?') {
            Some((_, query)) => !query
                .split('&')
                .any(|pair| pair.to_ascii_lowercase().starts_with("sig=")),
            None => false,
        }
    }
}

/// Standard input can be read by one option only.
#[derive(Debug, Default)]
pub(crate) struct Stdin {
    taken: AtomicBool,
}

impl Stdin {
    /// Takes standard input for `user`, or says that it is taken.
    pub(crate) fn take(&self, user: &str) -> Result<(), Failure> {
        if self.taken.swap(true, Ordering::SeqCst) {
            return Err(Failure::usage(format_args!(
                "{user}: standard input (`-`) can be used only once in a command"
            )));
        }
        streams::refuse_closed_stdin(user)
    }
}

/// Settles how to reach the hub.
pub(crate) async fn hub(
    args: &HubArgs,
    environment: &Environment,
    stdin: &Stdin,
) -> Result<HubSettings, Failure> {
    let sign_in = sign_in(args, environment, stdin).await?;
    let ca_file = args.ca_file.as_ref().or(environment.ca_file.as_ref());
    let ca_pem = match ca_file {
        Some(path) => Some((read_ca(path).await?, path.clone())),
        None => None,
    };
    let of_option = args.endpoint.clone().map(|url| (url, "--endpoint"));
    let of_variable = environment.endpoint.clone();
    Ok(HubSettings {
        sign_in,
        endpoint: of_option.or_else(|| of_variable.map(|url| (url, environment::ENDPOINT))),
        ca_pem,
        api_version: args.api_version.clone(),
    })
}

async fn read_ca(path: &Path) -> Result<Vec<u8>, Failure> {
    let pem = input::CA_FILE.read(path).await?;
    let mark = b"-----BEGIN CERTIFICATE-----";
    if pem.windows(mark.len()).any(|part| part == mark) {
        return Ok(pem);
    }
    Err(Failure::usage(format_args!(
        "the CA file {} holds no PEM certificate (-----BEGIN CERTIFICATE-----)",
        path.display()
    )))
}

async fn sign_in(
    args: &HubArgs,
    environment: &Environment,
    stdin: &Stdin,
) -> Result<SignIn, Failure> {
    match (&args.connection_string_file, &args.host, args.auth) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => Err(Failure::usage(
            "--connection-string-file and --host/--auth name the hub twice",
        )
        .hint("give one of them")),
        (Some(path), None, None) => {
            let origin = origin_of(path);
            let option = "--connection-string-file";
            let text = secret_file::read(path, option, "connection string", stdin).await?;
            Ok(SignIn::ConnectionString { text, origin })
        }
        (None, Some(host), Some(HubAuth::Entra)) => Ok(SignIn::Entra {
            host: host.clone(),
            token: environment.entra_token.clone().map(Secret::new),
        }),
        (None, Some(_), None) => Err(Failure::usage("--host alone does not say how to sign in")
            .hint("add --auth entra, or give a connection string")),
        (None, None, Some(HubAuth::Entra)) => Err(Failure::usage("--auth entra needs --host HOST")),
        (None, None, None) => match &environment.connection_string {
            Some(text) => Ok(SignIn::ConnectionString {
                text: secret_file::of_azure_cli(text).unwrap_or_else(|| Secret::new(text.trim())),
                origin: environment::CONNECTION_STRING.to_owned(),
            }),
            None => Err(blank(
                Failure::usage("no hub is named"),
                environment,
                environment::CONNECTION_STRING,
            )
            .hint(format_args!(
                "set {}, or give --connection-string-file FILE",
                environment::CONNECTION_STRING
            ))
            .hint("or sign in with Microsoft Entra ID: --host HOST --auth entra")
            .hint("no hub at hand? `iothub-jobs emulator` runs one here")),
        },
    }
}

/// Settles the container of a job.
pub(crate) async fn container(
    args: &ContainerArgs,
    environment: &Environment,
    stdin: &Stdin,
) -> Result<ContainerText, Failure> {
    let named = from_option(
        args.container.as_deref(),
        "--container",
        args.container_file.as_ref(),
        stdin,
    )
    .await?;
    match (named, &environment.container_uri) {
        (Some(container), _) => Ok(container),
        (None, Some(uri)) => {
            Ok(ContainerText::new(Secret::new(uri.trim()), environment::CONTAINER_URI))
        }
        (None, None) => Err(blank(
            Failure::usage("no container is named"),
            environment,
            environment::CONTAINER_URI,
        )
        .hint(format_args!(
            "give --container-file FILE or set {}; a URI without a signature may stand in --container",
            environment::CONTAINER_URI
        ))),
    }
}

/// A variable that is set to nothing is most often a secret that a pipeline did not find.
fn blank(failure: Failure, environment: &Environment, name: &'static str) -> Failure {
    if environment.blank.contains(&name) {
        return failure.hint(format_args!("{name} is set, but empty"));
    }
    failure
}

/// Settles the container for an import's error log, if it is another one.
pub(crate) async fn output_container(
    uri: Option<&str>,
    file: Option<&PathBuf>,
    environment: &Environment,
    stdin: &Stdin,
) -> Result<Option<ContainerText>, Failure> {
    let named = from_option(uri, "--output-container", file, stdin).await?;
    Ok(named.or_else(|| {
        let uri = environment.output_container_uri.as_ref()?;
        let uri = Secret::new(uri.trim());
        Some(ContainerText::new(uri, environment::OUTPUT_CONTAINER_URI))
    }))
}

async fn from_option(
    uri: Option<&str>,
    option: &str,
    file: Option<&PathBuf>,
    stdin: &Stdin,
) -> Result<Option<ContainerText>, Failure> {
    if let Some(uri) = uri {
        return Ok(Some(ContainerText::new(Secret::new(uri.trim()), option)));
    }
    let Some(path) = file else { return Ok(None) };
    let option = format!("{option}-file");
    let uri = secret_file::read(path, &option, "container URI", stdin).await?;
    Ok(Some(ContainerText::new(uri, origin_of(path))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRING: &str = "HostName=h;SharedAccessKeyName=p;SharedAccessKey=c2VjcmV0";

    fn environment() -> Environment {
        Environment {
            connection_string: Some(STRING.to_owned()),
            ..Environment::default()
        }
    }

    fn text_of(settings: &HubSettings) -> (&str, &str) {
        match &settings.sign_in {
            SignIn::ConnectionString { text, origin } => (text.expose(), origin),
            SignIn::Entra { host, .. } => ("", host),
        }
    }

    #[tokio::test]
    async fn the_file_option_wins_over_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub");
        std::fs::write(&path, "\u{feff}\r\n HostName=other \r\n").unwrap();
        let args = HubArgs {
            connection_string_file: Some(path.clone()),
            ..HubArgs::default()
        };
        let settings = hub(&args, &environment(), &Stdin::default()).await.unwrap();
        assert_eq!(
            text_of(&settings),
            ("HostName=other", path.to_str().unwrap())
        );
        // As the Azure command line prints it.
        std::fs::write(&path, "{\n  \"connectionString\": \"HostName=az\"\n}\n").unwrap();
        let settings = hub(&args, &environment(), &Stdin::default()).await.unwrap();
        assert_eq!(text_of(&settings).0, "HostName=az");
        let settings = hub(&HubArgs::default(), &environment(), &Stdin::default())
            .await
            .unwrap();
        assert_eq!(text_of(&settings), (STRING, "IOTHUB_CONNECTION_STRING"));
    }

    #[tokio::test]
    async fn a_host_with_entra_wins_over_the_environment() {
        let args = HubArgs {
            host: Some("h".to_owned()),
            auth: Some(HubAuth::Entra),
            ..HubArgs::default()
        };
        let settings = hub(&args, &environment(), &Stdin::default()).await.unwrap();
        assert_eq!(text_of(&settings), ("", "h"));
    }

    #[tokio::test]
    async fn incomplete_or_doubled_settings_are_refused() {
        let file = Some(PathBuf::from("f"));
        let host = Some("h".to_owned());
        for args in [
            HubArgs {
                host: host.clone(),
                ..HubArgs::default()
            },
            HubArgs {
                auth: Some(HubAuth::Entra),
                ..HubArgs::default()
            },
            HubArgs {
                connection_string_file: file,
                host,
                ..HubArgs::default()
            },
        ] {
            assert!(
                hub(&args, &environment(), &Stdin::default()).await.is_err(),
                "{args:?}"
            );
        }
        assert!(
            hub(
                &HubArgs::default(),
                &Environment::default(),
                &Stdin::default()
            )
            .await
            .is_err()
        );
    }

    #[tokio::test]
    async fn a_secret_in_place_of_a_file_name_is_not_repeated() {
        let args = HubArgs {
            connection_string_file: Some(STRING.into()),
            ..HubArgs::default()
        };
        let failure = hub(&args, &Environment::default(), &Stdin::default())
            .await
            .unwrap_err();
        assert!(!format!("{failure:?}").contains("c2VjcmV0"), "{failure:?}");
        assert!(failure.message().contains("name of a file"), "{failure:?}");
    }

    #[test]
    fn standard_input_serves_one_option() {
        let stdin = Stdin::default();
        stdin.take("--container-file").unwrap();
        assert!(stdin.take("FILE").is_err());
    }

    #[test]
    fn a_uri_cut_at_the_ampersand_is_noticed() {
        for (uri, cut) in [
            ("https://a/c?sv=2022-11-02", true),
            ("https://a/c?sv=1&sp=rwd", true),
            ("https://a/c?sv=1&sig=x&se=1", false),
            ("https://a/c", false),
            ("file:///folder", false),
        ] {
            let container = ContainerText::new(Secret::new(uri), "");
            assert_eq!(container.looks_cut(), cut, "{uri}");
        }
    }
}
