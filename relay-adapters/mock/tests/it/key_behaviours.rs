//! The key decides how a provider treats a call.

use relay_core::Provider;
use relay_core::ports::TransportErrorKind;
use relay_mock::Mock;

use super::{chat, get, send_as};

#[tokio::test]
async fn the_key_decides_the_behaviour() {
    let (o, a, g) = (Provider::OPENAI, Provider::ANTHROPIC, Provider::GOOGLE);
    for (provider, behaviour, listed, asked, message) in [
        (o, "good", 200, 200, ""),
        (a, "good", 200, 200, ""),
        (g, "good", 200, 200, ""),
        (o, "nonsense", 401, 401, "Incorrect API key provided: sk-mock-*****************ana1."),
        (o, "refused", 401, 401, "Incorrect API key provided: sk-mock-****************ana1."),
        (a, "refused", 401, 401, "invalid x-api-key"),
        (g, "refused", 400, 400, "API key not valid. Please pass a valid API key."),
        (o, "revoked", 401, 401, "The OpenAI account associated with this API key has been deactivated."),
        (a, "revoked", 403, 403, "This organization has been disabled."),
        (g, "revoked", 403, 403, "Your API key was reported as leaked."),
        (o, "restricted", 200, 403, "You have insufficient permissions for this operation."),
        (a, "restricted", 200, 403, "Your API key does not have permission to use the specified resource."),
        (g, "restricted", 200, 403, "Requests to this API generativelanguage.googleapis.com method"),
        (o, "nocredit", 200, 429, "You exceeded your current quota, please check your plan and billing details."),
        (a, "nocredit", 200, 400, "Your credit balance is too low to access the Anthropic API."),
        (g, "nocredit", 200, 429, "Your prepayment credits are depleted."),
        (o, "workspace", 200, 200, ""),
        (
            a,
            "workspace",
            400,
            400,
            "anthropic-workspace-id is required when authenticating with an identity-linked API key",
        ),
        (g, "workspace", 200, 200, ""),
        (o, "ratelimited", 429, 429, "Rate limit reached for requests"),
        (a, "ratelimited", 429, 429, "This request would exceed your organization's rate limit"),
        (g, "ratelimited", 429, 429, "You exceeded your current quota"),
        (o, "overloaded", 503, 503, "The server is currently overloaded"),
        (a, "overloaded", 529, 529, "Overloaded"),
        (g, "overloaded", 503, 503, "The model is overloaded."),
    ] {
        let list = if provider == g { "/v1beta/models" } else { "/v1/models" };
        let mock = Mock::new();
        assert_eq!(
            send_as(&mock, provider, behaviour, get(provider, list)).await.unwrap().status,
            listed,
            "{provider} {behaviour}"
        );
        let got = send_as(&mock, provider, behaviour, chat(provider, "hi", false)).await.unwrap();
        assert_eq!(got.status, asked, "{provider} {behaviour}");
        if asked != 200 {
            assert!(got.message().starts_with(message), "{provider} {behaviour}: {}", got.message());
            assert!(!got.text().contains("-refused-"), "a key in full: {}", got.text());
        }
    }
}

#[tokio::test]
async fn refusals_carry_what_tells_them_apart() {
    let mock = Mock::new();
    let ask =
        async |provider, behaviour| send_as(&mock, provider, behaviour, chat(provider, "hi", false)).await.unwrap();
    let got = ask(Provider::OPENAI, "refused").await;
    assert_eq!(got.json()["error"]["code"], "invalid_api_key");
    let got = ask(Provider::OPENAI, "nocredit").await;
    assert_eq!(
        (got.json()["error"]["type"].as_str(), got.json()["error"]["code"].as_str()),
        (Some("insufficient_quota"), Some("insufficient_quota"))
    );
    let got = ask(Provider::OPENAI, "ratelimited").await;
    assert_eq!(
        (got.header("retry-after"), got.json()["error"]["code"].as_str()),
        (Some("20"), Some("rate_limit_exceeded"))
    );
    let got = ask(Provider::ANTHROPIC, "ratelimited").await;
    assert_eq!(
        (got.header("retry-after"), got.json()["error"]["type"].as_str()),
        (Some("17"), Some("rate_limit_error"))
    );
    assert_eq!(got.json()["request_id"].as_str(), got.header("request-id"));
    let got = ask(Provider::ANTHROPIC, "revoked").await;
    assert_eq!(got.json()["error"]["details"]["error_code"], "organization_on_hold");
    let got = ask(Provider::GOOGLE, "refused").await;
    assert_eq!(got.json()["error"]["details"][0]["reason"], "API_KEY_INVALID");
    let got = ask(Provider::GOOGLE, "ratelimited").await;
    assert_eq!(got.json()["error"]["details"][1]["retryDelay"], "16.4s");
}

#[tokio::test]
async fn a_workspace_key_works_with_its_workspace() {
    for (id, status) in [("wrkspc_01", 200), ("wrkspc_unknown", 404), ("nonsense", 400)] {
        let request = chat(Provider::ANTHROPIC, "hi", false).with_header("anthropic-workspace-id", id);
        let got = send_as(&Mock::new(), Provider::ANTHROPIC, "workspace", request).await.unwrap();
        assert_eq!(got.status, status, "{id}");
    }
}

#[tokio::test]
async fn flaky_and_unreachable_keys_do_what_they_say() {
    let mock = Mock::new();
    for provider in Provider::ALL {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses
                .push(send_as(&mock, *provider, "flaky", chat(*provider, "hi", false)).await.unwrap().status == 200);
        }
        assert_eq!(statuses, [false, true, false, true], "{provider}");
        let error = send_as(&mock, *provider, "unreachable", chat(*provider, "hi", false)).await.err().unwrap();
        assert_eq!(error.kind, TransportErrorKind::Connect);
    }
    assert_eq!((mock.open_calls(), mock.aborted_calls().len()), (0, 0));
}
