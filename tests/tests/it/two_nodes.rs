//! Two processes over one store: a registration token stores one key, whichever process it reaches.

use std::collections::HashMap;

use futures::StreamExt as _;
use relay_core::Provider;
use relay_tests::process::{Folder, Process};
use reqwest::Method;
use serde_json::json;

/// Tokens, and registrations for each of them in each process. `RELAY_TEST_RACE=1000,64` runs the whole table.
fn size() -> (usize, usize) {
    let given = std::env::var("RELAY_TEST_RACE").ok();
    let numbers = given.as_deref().and_then(|text| text.split_once(','));
    numbers.map_or((25, 8), |(tokens, racers)| (tokens.parse().unwrap(), racers.parse().unwrap()))
}

#[actix_web::test]
async fn a_token_stores_one_key_whichever_process_it_reaches() {
    let folder = Folder::init();
    let nodes = [(); 2].map(|()| Process::start(folder.serve(), &folder.key));
    let (tokens, racers) = size();
    let mut codes: HashMap<(u16, String), usize> = HashMap::new();
    for n in 0..tokens {
        let token = nodes[n % 2].api.token(&format!("user{n}")).await;
        let key = |k: usize| relay_mock::sample_key(Provider::OPENAI, "good", &format!("{n:0>8}{k:0>8}"));
        let requests = (0..2 * racers).map(|k| {
            let body = json!({"provider": "openai", "apiKey": key(k)});
            let (api, token) = (&nodes[k % 2].api, &token);
            async move { api.call_as(token, Method::POST, "/v1/registration", &body).await }
        });
        let answers: Vec<_> = futures::stream::iter(requests).buffered(2 * racers).collect().await;
        let winner = answers.iter().position(|answer| answer.status == 201).unwrap();
        for answer in &answers {
            let code = answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned();
            *codes.entry((answer.status, code)).or_default() += 1;
        }
        for node in &nodes {
            let path = format!("/v1/users/user{n}/connections");
            let stored = node.api.call(Method::GET, &path, &json!(null)).await.expect(200).json();
            let key = key(winner);
            assert_eq!(stored["connections"].as_array().unwrap().len(), 1, "{stored}");
            assert_eq!(stored["connections"][0]["last4"], key[key.len() - 4..], "the winner's key is stored");
        }
    }
    let lost = tokens * (2 * racers - 1);
    let want = [((201, String::new()), tokens), ((410, "registration_token_used".to_owned()), lost)];
    assert_eq!(codes, HashMap::from(want));
}
