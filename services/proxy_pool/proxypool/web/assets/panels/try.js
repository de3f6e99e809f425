// The box that fetches a URL through the gateway.

import { ApiError, call } from "../api.js";
import { byId, el } from "../dom.js";
import { milliseconds, number, t } from "../i18n.js";

const TIMEOUT_MS = 90000; // the gateway tries several proxies, each with a time of its own

let result = null;

function fact(name, value) {
  return el("div", { "data-name": name }, el("dt", {}, t(name)), el("dd", {}, value));
}

/** Shows the last result again, in the language of now. */
export function showTry() {
  const node = byId("try-result");
  if (!result) {
    node.replaceChildren();
  } else if (result.error) {
    node.replaceChildren(el("p", { class: "bad" }, result.error));
  } else {
    const { answer } = result;
    node.replaceChildren(
      el("dl", {}, fact("status", String(answer.status)), fact("took", milliseconds(answer.time_ms)),
        fact("upstream", answer.upstream || "–")),
      answer.body
        ? el("pre", { tabindex: 0, role: "region", "aria-label": t("body_start") }, answer.body)
        : el("p", { class: "empty" }, t("body_empty")));
  }
}

async function attempt(event) {
  event.preventDefault();
  const { url, ...chosen } = Object.fromEntries(new FormData(event.target));
  const filters = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value));
  const button = event.target.querySelector("button[type=submit]");
  button.disabled = true;
  byId("try-result").replaceChildren(el("p", { class: "quiet" }, t("trying")));
  try {
    const body = Object.keys(filters).length ? { url, filters } : { url };
    result = { answer: await call("try", { method: "POST", body, timeoutMs: TIMEOUT_MS }) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    result = { error: error.message };
  } finally {
    button.disabled = false;
  }
  showTry();
}

export function startTry() {
  byId("try").addEventListener("submit", attempt);
}
