// Short messages that go away, and troubles that stay until they are over.

import { byId } from "./dom.js";

const SHOWN_MS = 4000;
let timer = 0;

/** Says something once, also to screen readers. */
export function notify(text) {
  byId("notice").textContent = text;
  clearTimeout(timer);
  timer = setTimeout(() => { byId("notice").textContent = ""; }, SHOWN_MS);
}

/** Shows what is wrong, or with an empty text that all is well again. */
export function trouble(text) {
  const node = byId("trouble");
  if (node.textContent !== text) node.textContent = text; // an alert is read out when it changes
  node.hidden = !text;
}
