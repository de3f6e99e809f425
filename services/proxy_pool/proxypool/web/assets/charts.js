// Charts drawn as SVG, each with a text that says the same, and a table behind a disclosure.

import { el, svg } from "./dom.js";
import { moment, number, t } from "./i18n.js";

const HEIGHT = 220;
const LEFT = 48;
const RIGHT = 8;
const TOP = 10;
const BOTTOM = 24;
const MOST_ROWS = 60;

/** A round number not below `value`, for the axis. */
function roundUp(value) {
  if (value <= 4) return 4;
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 10].map((step) => step * size).find((step) => step >= value);
}

function grid(width, most, y, shares) {
  return shares.map((share) => svg("g", {},
    svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(most * share), y2: y(most * share) }),
    svg("text", { x: LEFT - 6, y: y(most * share) + 4, "text-anchor": "end" }, number(most * share))));
}

function numbers(caption, heads, rows) {
  const table = el("table", { class: "small-table" },
    el("caption", { class: "unseen" }, caption),
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, rows.map(([head, ...cells]) =>
      el("tr", {}, el("th", { scope: "row" }, head), cells.map((cell) => el("td", {}, cell))))));
  return el("details", { "data-key": caption },
    el("summary", { "data-key": `${caption} summary` }, t("as_table")),
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, table));
}

/**
 * Lines over time, `width` pixels wide. `times` are Dates; `series` is [{name, values}], at most
 * five; `caption` names the table, `summary` says in words what is seen.
 */
export function lines(times, series, { width, caption, summary, withDay }) {
  const first = times[0].getTime();
  const span = Math.max(1, times[times.length - 1].getTime() - first);
  const most = roundUp(Math.max(...series.flatMap(({ values }) => values)));
  const x = (time) => LEFT + ((time.getTime() - first) / span) * (width - LEFT - RIGHT);
  const y = (value) => TOP + (1 - value / most) * (HEIGHT - TOP - BOTTOM);
  const wide = width >= (withDay ? 640 : 460);
  const shares = wide ? [0, 0.25, 0.5, 0.75, 1] : [0, 1];
  const ticks = shares.map((share) => new Date(first + share * span));
  const anchors = ["start", ...ticks.slice(2).map(() => "middle"), "end"];
  const caption_ = el("figcaption", { "aria-hidden": "true" });
  const here = svg("line", { class: "here", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });

  function point(event) {
    const box = drawing.getBoundingClientRect();
    const at = first + (((event.clientX - box.left) / box.width) * width - LEFT) / (width - LEFT - RIGHT) * span;
    const index = times.reduce((best, time, one) =>
      (Math.abs(time - at) < Math.abs(times[best] - at) ? one : best), 0);
    for (const end of ["x1", "x2"]) here.setAttribute(end, x(times[index]));
    here.setAttribute("visibility", "visible");
    caption_.textContent = [moment(times[index], withDay),
      ...series.map(({ name, values }) => `${name} ${number(values[index])}`)].join("  ·  ");
  }

  const drawing = svg("svg", {
    class: "chart", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": summary,
    onpointermove: point,
    onpointerleave: () => {
      here.setAttribute("visibility", "hidden");
      caption_.textContent = "";
    },
  },
  grid(width, most, y, [0, 0.25, 0.5, 0.75, 1]),
  (span === 1 ? ticks.slice(0, 1) : ticks).map((time, index) => svg("text", {
    x: x(time), y: HEIGHT - 6, "text-anchor": anchors[index],
  }, moment(time, withDay))),
  series.map(({ values }, index) => (times.length === 1
    ? svg("circle", { class: `dot series-${index + 1}`, cx: x(times[0]), cy: y(values[0]), r: 4 })
    : svg("polyline", {
      class: `line series-${index + 1}`,
      points: values.map((value, one) => `${x(times[one]).toFixed(1)},${y(value).toFixed(1)}`).join(" "),
    }))),
  here);

  const step = Math.ceil(times.length / MOST_ROWS);
  const rows = times.map((time, index) => [moment(time, withDay), ...series.map(({ values }) => number(values[index]))])
    .filter((_, index) => index % step === 0 || index === times.length - 1);
  return el("figure", {}, caption_, drawing,
    el("ul", { class: "legend" }, series.map(({ name }, index) => el("li", {},
      svg("svg", { viewBox: "0 0 24 8", "aria-hidden": "true" },
        svg("line", { class: `line series-${index + 1}`, x1: 0, x2: 24, y1: 4, y2: 4 })), name))),
    numbers(caption, [t("time"), ...series.map(({ name }) => name)], rows));
}

/** A histogram, `width` pixels wide: `buckets` is [{label, short, count}]. */
export function columns(buckets, { width, caption, summary, heads }) {
  const foot = 40;
  const most = roundUp(Math.max(...buckets.map(({ count }) => count)));
  const each = (width - LEFT - RIGHT) / buckets.length;
  const y = (value) => TOP + (1 - value / most) * (HEIGHT - TOP - foot);
  const drawing = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": summary },
    grid(width, most, y, [0, 0.5, 1]),
    buckets.map(({ label, short, count }, index) => svg("g", {},
      svg("title", {}, `${label}: ${number(count)}`),
      svg("rect", {
        class: "column", x: LEFT + each * index + 2, width: each - 4, rx: 2,
        y: y(count), height: y(0) - y(count),
      }),
      svg("text", { x: LEFT + each * (index + 0.5), y: HEIGHT - foot + 16, "text-anchor": "middle" }, short))),
    svg("text", { x: (LEFT + width) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, heads[0]));
  return el("figure", {}, drawing,
    numbers(caption, heads, buckets.map(({ label, count }) => [label, number(count)])));
}

/** Bars, as a table that anyone can read: `rows` is [{name, count, label?}], the largest first. */
export function bars(rows, { caption, heads, kind = "", most = 10 }) {
  const largest = Math.max(1, ...rows.map(({ count }) => count));
  const shown = rows.slice(0, most);
  const line = ({ label, name, count }) => el("tr", { class: kind, "data-name": name },
    el("th", { scope: "row" }, label ?? name),
    el("td", {}, svg("svg", { viewBox: "0 0 100 14", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { x: 0, y: 2, height: 10, width: count ? Math.max(0.6, (100 * count) / largest) : 0 }))),
    el("td", {}, number(count)));
  const table = (lines_, title) => el("table", { class: "bars" },
    el("caption", { class: "unseen" }, title),
    el("thead", { class: "unseen" }, el("tr", {},
      el("th", { scope: "col" }, heads[0]), el("td"), el("th", { scope: "col" }, heads[1]))),
    el("tbody", {}, lines_.map(line)));
  const rest = rows.slice(most);
  if (!rest.length) return [table(shown, caption)];
  const title = t("more", { count: number(rest.length) });
  return [table(shown, caption), el("details", { "data-key": caption },
    el("summary", { "data-key": `${caption} summary` }, title), table(rest, `${caption}: ${title}`))];
}
