// Counts what the page's policy forbids, and mounts the widget.

import { $, fetchToken, start, widgetIsThere } from "./page.js";

let violations = 0;
document.addEventListener("securitypolicyviolation", (event) => {
  violations += 1;
  $("number").textContent = String(violations);
  $("verdict").classList.add("bad");
  $("seen").textContent += `${event.effectiveDirective}: ${event.blockedURI}\n`;
});

addEventListener("load", async () => {
  const { registrationToken } = await start("fresh");
  if (!widgetIsThere($("relay-widget"))) return;
  window.Relay.mount("#relay-widget", { registrationToken, fetchToken, theme: "auto" });
});
