/** The widget asks for a token when it needs one; the backend knows who is signed in. */
async function fetchToken() {
  const answer = await fetch("/token", { method: "POST" });
  const { registrationToken, message } = await answer.json();
  if (!answer.ok) throw new Error(message);
  return registrationToken;
}

async function showKeys() {
  const keys = await (await fetch("/keys")).json();
  const rows = keys.map(({ provider, last4, state }) => {
    const row = document.createElement("li");
    row.textContent = `${provider} · …${last4} · ${state}`;
    return row;
  });
  document.querySelector("#keys").replaceChildren(...rows);
}

Relay.mount("#relay-widget", { fetchToken, theme: "auto", accentColor: "#0f766e", onSuccess: showKeys });
showKeys();
