// A hostile page, or a careless one with a session recorder: keeps whatever a script of the page can get hold of.
// It runs before the widget does, in the page's own frame only, and works in every browser.
export function recorder() {
  if (window.top !== window) return;
  const seen = [];
  const roots = [];
  window.relaySeen = { seen, typed: 0 };
  const keep = (source, value) => {
    if (value === undefined || value === null) return;
    let text;
    try {
      text = typeof value === "string" ? value : stringify(value);
    } catch {
      text = String(value);
    }
    if (text) seen.push(`${source}: ${text}`);
  };
  const stringify = JSON.stringify.bind(JSON);

  const look = (source) => {
    for (const root of [document, ...roots]) {
      for (const field of root.querySelectorAll("input, textarea, [contenteditable]")) keep(source, field.value ?? field.textContent);
      for (const frame of root.querySelectorAll("iframe")) {
        try {
          keep("frame", frame.contentDocument?.documentElement.outerHTML);
          keep("frame", frame.contentWindow.document.querySelector("input").value);
        } catch {
          // As it should be.
        }
      }
      if (root !== document) keep(source, root.textContent);
    }
  };

  const events = [
    "keydown", "keypress", "keyup", "beforeinput", "input", "change", "paste", "copy", "cut", "compositionstart", "compositionupdate",
    "compositionend", "message", "messageerror", "focusin", "focusout", "blur", "focus", "submit", "selectionchange", "pointerdown",
    "click", "drop", "dragstart", "invalid", "textInput",
  ];
  for (const name of events) {
    addEventListener(name, (event) => {
      const target = event.composedPath()[0];
      // The test itself types into no field of the page: each character is one of the key.
      if (name === "keydown" && event.key.length === 1 && !event.ctrlKey && !event.metaKey) window.relaySeen.typed += 1;
      keep(name, event.key);
      keep(name, event.data);
      keep(name, event.clipboardData?.getData("text/plain"));
      keep(name, event.dataTransfer?.getData("text/plain"));
      keep(name, target?.value);
      look(name);
    }, true);
  }

  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function attachShadow(init) {
    const root = attach.call(this, init);
    roots.push(root);
    new MutationObserver(() => look("mutation")).observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
    return root;
  };
  new MutationObserver(() => look("mutation")).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });

  const wrap = (object, name, source) => {
    const original = object?.[name];
    if (!original) return;
    object[name] = function wrapped(...given) {
      for (const value of given) keep(source, value);
      return original.apply(this, given);
    };
  };
  wrap(window, "fetch", "fetch");
  wrap(XMLHttpRequest.prototype, "open", "xhr");
  wrap(XMLHttpRequest.prototype, "send", "xhr");
  wrap(XMLHttpRequest.prototype, "setRequestHeader", "xhr");
  wrap(window, "postMessage", "postMessage");
  wrap(MessagePort.prototype, "postMessage", "port");
  wrap(navigator, "sendBeacon", "beacon");
  wrap(JSON, "stringify", "stringify");
  wrap(TextEncoder.prototype, "encode", "encode");
  wrap(Storage.prototype, "setItem", "storage");
  wrap(console, "log", "console");
  wrap(console, "error", "console");

  const listen = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function addEventListener(name, listener, options) {
    if (this instanceof MessagePort) listen.call(this, name, (event) => keep("port", event.data));
    return listen.call(this, name, listener, options);
  };
  const onmessage = Object.getOwnPropertyDescriptor(MessagePort.prototype, "onmessage");
  Object.defineProperty(MessagePort.prototype, "onmessage", {
    ...onmessage,
    set(listener) {
      onmessage.set.call(this, (event) => {
        keep("port", event.data);
        return listener.call(this, event);
      });
    },
  });
  const value = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
  Object.defineProperty(HTMLInputElement.prototype, "value", {
    ...value,
    get() {
      const held = value.get.call(this);
      keep("value", held);
      return held;
    },
    set(next) {
      keep("value", next);
      value.set.call(this, next);
    },
  });
}
