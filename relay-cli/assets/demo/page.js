// What the pages share.

/** Where Relay is. */
export const RELAY = document.querySelector('meta[name="relay"]').content;

/** The element with this id. */
export const $ = (id) => document.getElementById(id);

/** An element with attributes and children. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Asks the app's own backend. */
export async function ask(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.error?.message ?? `status ${answer.status}`);
  return json;
}

/** What a page gives the widget as `fetchToken`. */
export async function fetchToken(provider) {
  return (await ask("/token", { provider: provider || null })).registrationToken;
}

/** A new visitor in this situation, and their token. */
export const start = (situation, provider) => ask("/start", { case: situation, provider: provider || null });

/** Whether the widget's script has come; says so in the page if not. */
export function widgetIsThere(place) {
  if (window.Relay) return true;
  place.replaceChildren(h("p", { class: "empty" }, `${RELAY}/widget.js could not be loaded. Is the Relay still running?`));
  return false;
}

let hiding;

/** A word at the page's edge. */
export function toast(text) {
  $("toast").textContent = text;
  $("toast").classList.add("on");
  clearTimeout(hiding);
  hiding = setTimeout(() => $("toast").classList.remove("on"), 1600);
}

/** Copies a text, and says so. */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied`);
  } catch {
    toast("This browser does not let the page copy: mark the text yourself");
  }
}

for (const place of document.querySelectorAll(".own")) place.textContent = location.origin;

/** Label, model and key prefix of each provider, as the page was served with them. */
export const PROVIDERS = Object.fromEntries(
  [...document.querySelectorAll("[name=provider][data-model]")].map((radio) => {
    const { model, prefix } = radio.dataset;
    return [radio.value, { label: radio.parentElement.textContent, model, prefix }];
  }),
);
