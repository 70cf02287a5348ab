//! What stands between Relay and a provider answers in its place: proxies, firewalls, login pages. It costs no user a key.

use relay_core::Provider;
use relay_mock::{BETWEEN, Scripted, sample_key};
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer};

impl TestServer {
    /// A user's state for a provider, as the app sees it.
    async fn state(&self, user: &str, provider: Provider) -> String {
        let found = self.as_app("GET", &format!("/v1/users/{user}/connections")).send().await.json();
        let all = found["connections"].as_array().unwrap().clone();
        let own = all.iter().find(|connection| connection["provider"] == provider.name()).unwrap();
        own["state"].as_str().unwrap().to_owned()
    }

    async fn register(&self, token: &str, body: &Value) -> Answer {
        let token = format!("Bearer {token}");
        self.request("POST", "/v1/registration").header("authorization", &token).json(body).send().await
    }

    async fn verify(&self, user: &str, provider: Provider) -> Answer {
        self.as_app("POST", &format!("/v1/users/{user}/connections/{provider}/verify")).send().await
    }
}

#[tokio::test]
async fn at_registration_a_key_is_unverified_and_no_try_is_lost() {
    let test = TestServer::start().await;
    for provider in Provider::ALL {
        for answer in BETWEEN {
            test.mock.script(*provider, Scripted::between(answer));
            let user = format!("{}-{provider}", answer.name);
            let stored = test.connect(&user, *provider, "good").await;
            assert_eq!((stored.status, stored.json()["state"].as_str()), (201, Some("unverified")), "{user}");
            assert_eq!(test.mock.scripts_left(), 0);
        }
    }
}

#[tokio::test]
async fn later_a_good_key_stays_as_it_is() {
    let test = TestServer::start().await;
    for provider in Provider::ALL {
        let model = provider.example_model();
        for answer in BETWEEN {
            for stream in [false, true] {
                // Twice: two refusals in a row would make the key invalid.
                for _ in 0..2 {
                    test.mock.script(*provider, Scripted::between(answer));
                    let got = test.chat(model, "hi", stream).send().await;
                    // An object of JSON that a gateway sends with status 200 looks like OpenAI's newest format.
                    let passes = answer.name == "login_json" && *provider == Provider::OPENAI && !stream;
                    assert!(passes || got.status == 502 || [429, 503].contains(&answer.status), "{}", got.text());
                    assert!(![401, 403].contains(&got.status), "{provider} {}: {}", answer.name, got.text());
                }
                assert_eq!(test.state("ana", *provider).await, "active", "{provider} {}", answer.name);
            }
            test.mock.script(*provider, Scripted::between(answer));
            test.verify("ana", *provider).await.assert_error(502, "upstream_unreachable");
            assert_eq!(test.state("ana", *provider).await, "active", "{provider} {}", answer.name);
        }
        assert_eq!(test.chat(model, "hi", false).send().await.status, 200, "{provider}");
    }
}

#[tokio::test]
async fn embeddings_and_models_leave_it_too() {
    let test = TestServer::start().await;
    for (provider, model) in [(Provider::OPENAI, "text-embedding-3-small"), (Provider::GOOGLE, "gemini-embedding-001")]
    {
        for answer in BETWEEN {
            for _ in 0..2 {
                test.mock.script(provider, Scripted::between(answer));
                let body = json!({"model": model, "input": "hi"});
                let got = test.as_app("POST", "/v1/embeddings").header("x-relay-user", "ana").json(&body).send().await;
                assert!(got.status >= 429 || answer.status == 200, "{} {}", answer.name, got.text());
            }
            assert_eq!(test.state("ana", provider).await, "active", "{provider} {}", answer.name);
        }
    }
    for provider in Provider::ALL {
        for answer in BETWEEN {
            for _ in 0..2 {
                test.mock.script(*provider, Scripted::between(answer));
                let got = test.as_app("GET", "/v1/models").header("x-relay-user", "ana").send().await;
                assert_eq!(got.status, 200, "the other providers' models: {}", got.text());
            }
            assert_eq!(test.state("ana", *provider).await, "active", "{provider} {}", answer.name);
        }
    }
}

/// A login page has status 200, which proves nothing.
#[tokio::test]
async fn a_login_page_repairs_no_key() {
    let test = TestServer::start().await;
    for provider in Provider::ALL {
        let user = format!("broke-{provider}");
        assert_eq!(test.connect(&user, *provider, "portal").await.json()["state"], "unverified");
        for stream in [false, true] {
            let body = json!({"model": provider.example_model(), "stream": stream,
                "messages": [{"role": "user", "content": "hi"}]});
            let got = test.as_app("POST", crate::harness::CHAT).header("x-relay-user", &user).json(&body).send().await;
            assert_eq!(got.status, 502, "{provider}: {}", got.text());
        }
        assert_eq!(test.state(&user, *provider).await, "unverified", "{provider}");
        test.verify(&user, *provider).await.assert_error(502, "upstream_unreachable");
        assert_eq!(test.state(&user, *provider).await, "unverified", "{provider}");
    }
}

#[tokio::test]
async fn what_is_no_api_key_costs_no_try_and_no_call() {
    let test = TestServer::start().await;
    let long = format!("eyJ{}.{}.{}", "a".repeat(400), "b".repeat(400), "c".repeat(43));
    for (provider, text, code) in [
        ("openai", "sk-...1234", "provider_key_masked"),
        ("openai", "sk-…1234", "provider_key_masked"),
        ("openai", "sk-proj-abcd***wxyz", "provider_key_masked"),
        ("anthropic", "sk-ant-...abcd", "provider_key_masked"),
        ("anthropic", "sk-ant-api03-••••abcd", "provider_key_masked"),
        ("google", "AIza...wxyz", "provider_key_masked"),
        ("anthropic", "sk-ant-oat01-0123456789", "subscription_token"),
        ("openai", "sess-0123456789abcdef", "subscription_token"),
        ("openai", &long, "subscription_token"),
    ] {
        let token = test.registration_token("bo").await;
        for _ in 0..6 {
            let answer = test.register(&token, &json!({"provider": provider, "apiKey": text})).await;
            let error = answer.assert_error(422, code);
            assert_eq!((&error["param"], &error["provider"]), (&json!("apiKey"), &json!(provider)));
            assert!(error["triesLeft"].is_null() && error["message"].as_str().unwrap().contains("https://"), "{error}");
            assert!(!answer.text().contains(text), "{}", answer.text());
        }
        let name = Provider::from_name(provider).unwrap();
        let good = json!({"provider": provider, "apiKey": sample_key(name, "good", "bo")});
        assert_eq!(test.register(&token, &good).await.status, 201, "the token is still good");
    }
    let token = test.registration_token("cy").await;
    test.mock.forget();
    test.register(&token, &json!({"provider": "openai", "apiKey": token})).await.assert_error(400, "invalid_value");
    assert_eq!(test.mock.requests().len(), 0, "no provider was asked");
}

#[tokio::test]
async fn openais_reasons_are_told_apart() {
    let test = TestServer::start().await;
    for (behaviour, code, reason, tries) in [
        ("expired", "key_refused_by_provider", Some("expired"), Some(4)),
        ("revoked", "key_refused_by_provider", Some("account_disabled"), Some(4)),
        ("refused", "key_refused_by_provider", None, Some(4)),
        ("ip", "provider_ip_not_allowed", None, None),
        ("organization", "provider_key_needs_organization", None, Some(4)),
    ] {
        let error = test.connect("bo", Provider::OPENAI, behaviour).await.assert_error(422, code);
        assert_eq!((error["reason"].as_str(), error["triesLeft"].as_u64()), (reason, tries), "{behaviour}: {error}");
    }
    // A call with a key that was good: each in its own words, and only what is the key's fault counts.
    for (name, code, state) in [
        ("ip_not_authorized", "provider_ip_not_allowed", "active"),
        ("incorrect_hostname", "provider_key_wrong_region", "active"),
        ("mismatched_organization", "provider_key_needs_organization", "restricted"),
        ("mismatched_project", "provider_key_needs_project", "restricted"),
        ("project_archived", "provider_key_invalid", "invalid"),
    ] {
        let text = format!("{{{{error={name}}}}}");
        for _ in 0..2 {
            test.chat("gpt-4o-mini", &text, false).send().await.assert_error(403, code);
        }
        assert_eq!(test.state("ana", Provider::OPENAI).await, state, "{name}");
        test.connect("ana", Provider::OPENAI, "good").await;
    }
}

#[tokio::test]
async fn an_organization_is_sent_with_every_call() {
    let test = TestServer::start().await;
    let token = test.registration_token("bo").await;
    let key = sample_key(Provider::OPENAI, "organization", "bo");
    let mut body = json!({"provider": "openai", "apiKey": key});
    let error = test.register(&token, &body).await.assert_error(422, "provider_key_needs_organization");
    assert_eq!(error["param"], "organizationId");
    body["organizationId"] = json!("org é");
    assert_eq!(test.register(&token, &body).await.assert_error(400, "invalid_value")["param"], "organizationId");
    (body["organizationId"], body["projectId"]) = (json!(" org-1 "), json!("proj_1"));
    let stored = test.register(&token, &body).await;
    assert_eq!((stored.status, stored.json()["state"].as_str()), (201, Some("active")), "{}", stored.text());
    test.mock.forget();
    let chat = crate::harness::chat_body("gpt-4o-mini", "hi", true);
    let got = test.as_app("POST", crate::harness::CHAT).header("x-relay-user", "bo").json(&chat).send().await;
    assert_eq!(got.status, 200, "{}", got.text());
    let sent = test.mock.requests().remove(0).headers;
    for header in [("openai-organization", "org-1"), ("openai-project", "proj_1")] {
        assert!(sent.contains(&(header.0.to_owned(), header.1.to_owned())), "{sent:?}");
    }
    let shown = test.verify("bo", Provider::OPENAI).await.json();
    let account = ["state", "organizationId", "projectId", "workspaceId", "region"].map(|name| shown[name].clone());
    assert_eq!(account, [json!("active"), json!("org-1"), json!("proj_1"), json!(null), json!(null)]);
}

#[tokio::test]
async fn a_regional_key_is_used_at_its_host() {
    let test = TestServer::start().await;
    let stored = test.connect("bo", Provider::OPENAI, "region").await;
    assert_eq!((stored.status, stored.json()["state"].as_str()), (201, Some("active")), "{}", stored.text());
    let hosts = |test: &TestServer| -> Vec<Option<String>> {
        let host = |headers: &[(String, String)]| {
            headers.iter().find(|(name, _)| name == "host").map(|(_, value)| value.clone())
        };
        test.mock.requests().iter().map(|request| host(&request.headers)).collect()
    };
    let eu = Some("eu.api.openai.com".to_owned());
    test.mock.forget();
    let as_bo = |path: &str, body: Value| test.as_app("POST", path).header("x-relay-user", "bo").json(&body).send();
    for stream in [false, true] {
        let body = crate::harness::chat_body("gpt-4o-mini", "hi", stream);
        assert_eq!(as_bo(crate::harness::CHAT, body).await.status, 200);
    }
    let body = json!({"model": "text-embedding-3-small", "input": "hi"});
    assert_eq!(as_bo("/v1/embeddings", body).await.status, 200);
    assert_eq!(test.as_app("GET", "/v1/models").header("x-relay-user", "bo").send().await.status, 200);
    assert_eq!(test.verify("bo", Provider::OPENAI).await.json()["state"], "active");
    assert_eq!(hosts(&test), vec![eu.clone(); 5]);
    for path in ["/v1/users/bo/connections", "/v1/users/bo"] {
        let shown = test.as_app("GET", path).send().await.json();
        assert_eq!(shown["connections"][0]["region"], "eu", "{path}");
    }
    // The answer names no host: each of the list is tried.
    let unnamed = r#"{"error":{"message":"incorrect regional hostname","type":"invalid_request_error","param":null,"code":"incorrect_hostname"}}"#;
    test.mock.forget();
    test.mock.script(Provider::OPENAI, Scripted::whole(401, unnamed));
    test.mock.script(Provider::OPENAI, Scripted::whole(401, unnamed));
    assert_eq!(test.connect("cy", Provider::OPENAI, "region").await.json()["state"], "active");
    assert_eq!(hosts(&test), [None, Some("us.api.openai.com".to_owned()), eu.clone()]);
    // A host that is not in the list is never called, whatever the answer says.
    let evil = unnamed.replace("hostname\",", "hostname. Please make your request to evil.example\",");
    test.mock.forget();
    test.mock.script(Provider::OPENAI, Scripted::whole(401, evil));
    test.connect("dee", Provider::OPENAI, "good").await;
    assert!(hosts(&test).iter().flatten().all(|host| host.ends_with(".api.openai.com")), "{:?}", hosts(&test));
}

/// The provider could not be reached at registration, so nobody knew the region.
#[tokio::test]
async fn an_unverified_key_finds_its_region_at_its_first_call() {
    let test = TestServer::start().await;
    test.mock.script(Provider::OPENAI, Scripted::between(&BETWEEN[0]));
    assert_eq!(test.connect("bo", Provider::OPENAI, "region").await.json()["state"], "unverified");
    for _ in 0..2 {
        let body = crate::harness::chat_body("gpt-4o-mini", "hi", false);
        let got = test.as_app("POST", crate::harness::CHAT).header("x-relay-user", "bo").json(&body).send().await;
        assert_eq!(got.status, 200, "{}", got.text());
    }
    assert_eq!(test.state("bo", Provider::OPENAI).await, "active");
}
