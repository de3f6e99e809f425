// The pool's sizes at a glance.

import { byId, el, replace } from "../dom.js";
import { number, percent, t } from "../i18n.js";

export function showTiles({ stats }) {
  if (!stats) return;
  const ended = (stats.checks.good ?? 0) + (stats.checks.failed ?? 0) + (stats.checks.refused ?? 0);
  const tiles = [
    ["good", number(stats.good)],
    ["good_https", number(stats.facets.https ?? 0)],
    ["known", number(stats.known)],
    ["under_way", number(stats.under_way)],
    ["share", ended ? percent((stats.checks.good ?? 0) / ended) : "–"],
  ];
  replace(byId("tiles"), tiles.map(([key, value]) =>
    el("div", { "data-name": key }, el("dt", {}, t(key)), el("dd", {}, value))));
}
