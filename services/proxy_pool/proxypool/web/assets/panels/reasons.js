// Why checks fail, and why HTTPS does.

import { bars } from "../charts.js";
import { byId, el, replace } from "../dom.js";
import { t, word } from "../i18n.js";

const SHOWN = 8;

function show(id, counts, caption) {
  const rows = Object.entries(counts)
    .map(([name, count]) => ({ name, label: word(name), count }))
    .sort((one, other) => other.count - one.count);
  const heads = [caption, t("checks")];
  const shown = rows.length
    ? bars(rows, { caption, heads, kind: "fail", most: SHOWN })
    : el("p", { class: "empty" }, t("no_failures"));
  replace(byId(id), shown);
}

export function showReasons({ stats }) {
  if (!stats) return;
  show("reasons", stats.reasons, t("why_fail"));
  show("https-reasons", stats.https_reasons, t("why_https_fails"));
}
