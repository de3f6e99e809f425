// How fast the good proxies are.

import { columns } from "../charts.js";
import { byId, el, replace } from "../dom.js";
import { milliseconds, number, t } from "../i18n.js";

function short(ms) {
  return ms >= 1000 ? `${ms / 1000}s` : `${ms}`;
}

/** `stats.latency` is [{up_to_ms, count}], the last one without a bound (null). */
export function showLatency({ stats }) {
  if (!stats) return;
  const node = byId("latency");
  const total = stats.latency.reduce((sum, { count }) => sum + count, 0);
  if (!total) {
    replace(node, el("p", { class: "empty" }, t("none_yet")));
    return;
  }
  const bounds = stats.latency.map((bucket) => bucket.up_to_ms);
  const buckets = stats.latency.map(({ up_to_ms: bound, count }, index) => ({
    count,
    label: bound === null
      ? t("beyond", { ms: milliseconds(bounds[index - 1]) })
      : t("up_to", { ms: milliseconds(bound) }),
    short: bound === null ? `>${short(bounds[index - 1])}` : short(bound),
  }));
  replace(node, columns(buckets, {
    width: Math.max(270, node.clientWidth),
    caption: t("latency_histogram"),
    summary: t("latency_summary", {
      total: number(total),
      rows: buckets.map(({ label, count }) => `${label}: ${number(count)}`).join(", "),
    }),
    heads: [t("latency_bucket"), t("proxies_count")],
  }));
}
