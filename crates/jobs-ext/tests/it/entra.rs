//! Entra ID through a credential of the Azure SDK.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::OffsetDateTime;
use jobs_ext::{EntraCredential, ErrorKind, JobsClient};

use crate::operations::{ID, job};
use crate::server::{Server, fault, json};

#[derive(Debug, Default)]
struct Fake {
    scopes: Mutex<Vec<String>>,
    down: bool,
}

impl TokenCredential for Fake {
    fn get_token<'a, 'b, 'c, 'd, 'e>(
        &'a self,
        scopes: &'b [&'c str],
        _: Option<TokenRequestOptions<'d>>,
    ) -> Pin<Box<dyn Future<Output = azure_core::Result<AccessToken>> + Send + 'e>>
    where
        'a: 'e,
        'b: 'e,
        'c: 'e,
        'd: 'e,
        Self: 'e,
    {
        let mut asked = self.scopes.lock().unwrap();
        asked.extend(scopes.iter().map(|scope| (*scope).to_owned()));
        let turn = asked.len();
        let answer = if self.down {
            Err(azure_core::Error::with_message(
                azure_core::error::ErrorKind::Credential,
                "no identity; Bearer planted",
            ))
        } else {
            let expires = OffsetDateTime::now_utc() + std::time::Duration::from_secs(3600);
            Ok(AccessToken::new(format!("jwt-{turn}"), expires))
        };
        Box::pin(std::future::ready(answer))
    }
}

fn hub(server: &Server, fake: &Arc<Fake>) -> JobsClient {
    JobsClient::builder(server.endpoint())
        .credential(EntraCredential::for_hub(fake.clone()))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_bearer_token_of_the_hubs_scope_is_sent_kept_and_renewed_after_a_401() {
    let server = Server::start([
        json(200, job("running")),
        json(200, job("running")),
        fault(401, "IotHubUnauthorizedAccess"),
        json(200, job("running")),
    ])
    .await;
    let fake = Arc::new(Fake::default());
    let hub = hub(&server, &fake);
    for _ in 0..3 {
        hub.get(ID).await.unwrap();
    }
    let tokens: Vec<_> = server
        .requests()
        .iter()
        .map(|r| r.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(
        tokens,
        [
            "Bearer jwt-1",
            "Bearer jwt-1",
            "Bearer jwt-1",
            "Bearer jwt-2"
        ]
    );
    assert_eq!(
        *fake.scopes.lock().unwrap(),
        ["https://iothubs.azure.net/.default"; 2]
    );
}

#[tokio::test]
async fn a_credential_that_fails_is_told_as_such() {
    let server = Server::start([]).await;
    let fake = Arc::new(Fake {
        down: true,
        ..Fake::default()
    });
    let error = hub(&server, &fake).get(ID).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    assert!(!format!("{error} {error:?}").contains("planted"));
}
