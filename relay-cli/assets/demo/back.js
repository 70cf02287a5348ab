// What the hosted page says when it sends a visitor back: ids and a status, no key and no token.

const query = new URLSearchParams(location.search);
document.getElementById("title").textContent = query.get("status") === "connected" ? "Your key is connected." : "Back in the app, without a key.";
document.getElementById("said").textContent = [...query].map(([name, value]) => `${name}: ${value}`).join("\n") || "nothing";
