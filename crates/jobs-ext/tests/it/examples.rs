//! Every example runs, against the local hub.

use std::path::Path;

use jobs_emulator::{Emulator, Hub};
use jobs_ext::{ContainerUri, JobsClient, SharedAccessKey};

macro_rules! example {
    ($name:ident, $path:literal) => {
        #[path = $path]
        #[expect(dead_code, reason = "its main is for the command line")]
        mod $name;
    };
}
example!(get, "../../examples/get.rs");
example!(wait, "../../examples/wait.rs");
example!(import_with_rejects, "../../examples/import_with_rejects.rs");
example!(export_to_file, "../../examples/export_to_file.rs");
example!(own_credential, "../../examples/own_credential.rs");
example!(test_with_local_hub, "../../examples/test_with_local_hub.rs");

async fn hub() -> (Hub, JobsClient) {
    let hub = Emulator::builder().start().await.unwrap();
    let client = JobsClient::builder(hub.endpoint())
        .connection_string(hub.connection_string())
        .build()
        .unwrap();
    (hub, client)
}

/// A hub on which one import was made by the example of it, and its container.
struct Imported {
    _hub: Hub,
    client: JobsClient,
    folder: tempfile::TempDir,
    container: ContainerUri,
    id: String,
}

impl Imported {
    async fn new() -> Self {
        let (hub, client) = hub().await;
        let folder = tempfile::tempdir().unwrap();
        let container = ContainerUri::from_folder(folder.path()).unwrap();
        let file = folder.path().join("fleet.txt");
        std::fs::write(&file, "{\"id\":\"a\",\"status\":\"enabled\"}\n{\"id\":\"b\",\"importMode\":\"delete\",\"status\":\"enabled\"}\n").unwrap();
        let rejected = import_with_rejects::import(&client, &file, container.clone())
            .await
            .unwrap();
        assert_eq!(rejected.len(), 1);
        assert_eq!(rejected[0].device_id.as_deref(), Some("b"));
        let id = client.list().await.unwrap()[0].id().to_owned();
        Self {
            _hub: hub,
            client,
            folder,
            container,
            id,
        }
    }
}

/// What an example does apart from its `main`, which takes its hub from the environment.
async fn run(name: &str) {
    match name {
        "import_with_rejects" => drop(Imported::new().await),
        "export_to_file" => {
            let at = Imported::new().await;
            let out = at.folder.path().join("out.txt");
            let count = export_to_file::export(&at.client, at.container, &out).await;
            assert_eq!(count.unwrap(), 1);
            assert!(std::fs::read_to_string(&out).unwrap().contains("\"a\""));
        }
        "get" => {
            let at = Imported::new().await;
            assert!(get::look_up(&at.client, &at.id).await.unwrap().is_some());
            assert!(get::look_up(&at.client, "nobody").await.unwrap().is_none());
        }
        "wait" => {
            let at = Imported::new().await;
            let mut states = Vec::new();
            let last = wait::follow(&at.client, &at.id, |job| {
                states.push(job.status().to_string())
            });
            let last = last.await.unwrap();
            assert_eq!(states, [last.status().to_string()]);
        }
        "own_credential" => a_credential_of_ones_own_is_accepted().await,
        "test_with_local_hub" => test_with_local_hub::run().await.unwrap(),
        other => panic!("examples/{other}.rs is not run"),
    }
}

#[tokio::test]
async fn every_example_does_what_it_says_on_the_local_hub() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut ran = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        run(entry.unwrap().path().file_stem().unwrap().to_str().unwrap()).await;
        ran += 1;
    }
    assert!(ran >= 6, "only {ran}");
}

async fn a_credential_of_ones_own_is_accepted() {
    let (hub, client) = hub().await;
    let before = client.list().await.unwrap().len();
    let text = hub.connection_string();
    let part = |name: &str| {
        text.split(';')
            .find_map(|part| part.strip_prefix(name))
            .unwrap()
            .to_owned()
    };
    let key =
        SharedAccessKey::new(part("SharedAccessKeyName="), &part("SharedAccessKey=")).unwrap();
    let vault = own_credential::Vault::new(key, &part("HostName="));
    assert_eq!(
        own_credential::count(hub.endpoint(), vault).await.unwrap(),
        before
    );
}
