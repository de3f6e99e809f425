// Where good proxies leave the net: a circle for each country, its area by their number.

import { byId, el, replace, svg } from "../dom.js";
import { country, number, t } from "../i18n.js";
import { HEIGHT, LAND, PLACES, WIDTH } from "../world.js";
import { facetsOf } from "./kinds.js";

const LARGEST = 26; // pixels of 720: neighbours in Europe still stand apart
const SMALLEST = 3;

function circle({ name, count }, most) {
  const [x, y] = PLACES[name];
  const radius = Math.max(SMALLEST, LARGEST * Math.sqrt(count / most));
  return svg("circle", { cx: x, cy: y, r: radius.toFixed(1), "data-name": name },
    svg("title", {}, `${country(name)}: ${number(count)}`));
}

function world(countries) {
  const most = Math.max(...countries.map(({ count }) => count));
  const placed = countries.filter(({ name }) => PLACES[name]);
  const [first] = placed;
  const summary = first
    ? t("map_summary", { countries: number(placed.length), first: country(first.name), count: number(first.count) })
    : t("map_unknown");
  return el("figure", {},
    svg("svg", { class: "map", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": summary },
      svg("path", { d: LAND }),
      placed.map((one) => circle(one, most))),
    el("figcaption", {}, summary));
}

export function showMap({ stats }) {
  if (!stats) return;
  const countries = facetsOf(stats, "country");
  replace(byId("map"), countries.length ? world(countries) : el("p", { class: "empty" }, t("none_yet")));
}
