// Good proxies by what they are, from the pool's facets: `socks5`, `country:CN`, `target:shop`.

import { bars } from "../charts.js";
import { byId, el, replace } from "../dom.js";
import { country, t } from "../i18n.js";

export const PROTOCOLS = ["http", "connect", "socks4", "socks4a", "socks5"];
export const LEVELS = ["elite", "anonymous", "transparent"];

/** The facets that begin with `kind:`, as [{name, count}], the largest first. */
export function facetsOf(stats, kind) {
  return Object.entries(stats.facets)
    .filter(([facet, count]) => facet.startsWith(`${kind}:`) && count > 0)
    .map(([facet, count]) => ({ name: facet.slice(kind.length + 1), count }))
    .sort((one, other) => other.count - one.count || one.name.localeCompare(other.name));
}

function show(id, rows, caption, head, empty) {
  const shown = rows.length
    ? bars(rows, { caption, heads: [head, t("proxies_count")] })
    : el("p", { class: "empty" }, empty);
  replace(byId(id), shown);
}

export function showKinds({ stats }) {
  if (!stats) return;
  const none = t("none_yet");
  const protocols = PROTOCOLS.map((name) => ({ name, label: name.toUpperCase(), count: stats.facets[name] ?? 0 }));
  show("by-protocol", stats.good ? protocols : [], t("by_protocol"), t("protocol"), none);
  const levels = LEVELS.map((name) => ({ name, label: t(name), count: stats.facets[`anonymity:${name}`] ?? 0 }));
  show("by-anonymity", stats.good ? levels : [], t("by_anonymity"), t("anonymity"), none);
  const countries = facetsOf(stats, "country").map(({ name, count }) => ({
    name, count, label: name ? `${country(name)} (${name})` : t("unknown"),
  }));
  show("by-country", countries, t("by_country"), t("country"), none);
  show("by-target", facetsOf(stats, "target"), t("by_target"), t("target"), t("no_targets"));
}
