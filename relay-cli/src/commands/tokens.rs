//! `relay tokens`: registration tokens, over HTTP.

use serde_json::{Value, json};

use crate::cli::TokensCommand;
use crate::client::{Remote, Request};
use crate::failure::Failure;
use crate::json;
use crate::output::Out;

/// Runs `relay tokens …`.
///
/// # Errors
/// If the server refuses the request, or does not respond.
pub async fn run(command: TokensCommand, out: Out) -> Result<(), Failure> {
    let TokensCommand::Create { user, user_name, provider, expires_in, origins, no_replace, remote } = command;
    let remote = Remote::new(&remote)?;
    let mut body = json!({ "endUserLabel": user });
    let optional = [
        ("endUserName", user_name.map(Value::from)),
        ("provider", provider.map(|provider| json!(provider.name()))),
        ("expiresInSeconds", expires_in.map(Value::from)),
        ("allowedOrigins", Some(json!(origins)).filter(|_| !origins.is_empty())),
        ("replace", no_replace.then_some(json!(false))),
    ];
    for (name, value) in optional {
        if let (Some(value), Some(object)) = (value, body.as_object_mut()) {
            object.insert(name.to_owned(), value);
        }
    }
    let issued = remote.json(Request::post("/v1/registration-tokens").json(body)).await?;
    out.value(&issued)?;
    let text = |name: &str| json::text(&issued, &format!("/{name}")).unwrap_or("any").to_owned();
    out.line(&text("registrationToken"))?;
    out.note(&format!(
        "\nShown once. For {} ({} provider), until {}.\nOr send the user here: {}",
        text("endUserLabel"),
        text("provider"),
        text("expiresAt"),
        text("connectUrl"),
    ));
    Ok(())
}
