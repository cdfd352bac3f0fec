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

#[test]
fn every_example_is_run_here() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let own = include_str!("examples.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            own.contains(&format!("examples/{name}")),
            "{name} is not run"
        );
    }
}

#[tokio::test]
async fn jobs_are_imported_exported_looked_up_and_followed() {
    let (_hub, client) = hub().await;
    let folder = tempfile::tempdir().unwrap();
    let container: ContainerUri = format!("file://{}", folder.path().display())
        .parse()
        .unwrap();
    let file = folder.path().join("fleet.txt");
    std::fs::write(&file, "{\"id\":\"a\",\"status\":\"enabled\"}\n{\"id\":\"b\",\"importMode\":\"delete\",\"status\":\"enabled\"}\n").unwrap();
    let rejected = import_with_rejects::import(&client, &file, container.clone())
        .await
        .unwrap();
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].device_id.as_deref(), Some("b"));

    let out = folder.path().join("out.txt");
    assert_eq!(
        export_to_file::export(&client, container, &out)
            .await
            .unwrap(),
        1
    );
    assert!(std::fs::read_to_string(&out).unwrap().contains("\"a\""));

    let jobs = client.list().await.unwrap();
    let id = jobs[0].id();
    assert!(get::look_up(&client, id).await.unwrap().is_some());
    assert!(get::look_up(&client, "nobody").await.unwrap().is_none());
    let mut states = Vec::new();
    let last = wait::follow(&client, id, |job| states.push(job.status().to_string()))
        .await
        .unwrap();
    assert_eq!(states, [last.status().to_string()]);
}

#[tokio::test]
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

#[tokio::test]
async fn an_application_is_tested_on_a_local_hub() {
    test_with_local_hub::run().await.unwrap();
}
