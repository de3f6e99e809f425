// The pool's size over time.

import { lines } from "../charts.js";
import { byId, el, replace } from "../dom.js";
import { moment, number, t } from "../i18n.js";

const LONGEST_WITHOUT_DAY_S = 20 * 3600;

export function showHistory({ history }) {
  if (!history) return;
  const node = byId("history");
  if (!history.length) {
    replace(node, el("p", { class: "empty" }, t("history_empty")));
    return;
  }
  const withDay = history[history.length - 1].time - history[0].time > LONGEST_WITHOUT_DAY_S;
  const times = history.map(({ time }) => new Date(time * 1000));
  const good = history.map((sample) => sample.good);
  const socks = ["socks4", "socks4a", "socks5"];
  const series = [
    { name: t("all"), values: good },
    { name: "HTTPS", values: history.map((sample) => sample.https) },
    { name: "HTTP", values: history.map((sample) => sample.protocols.http ?? 0) },
    { name: "SOCKS", values: history.map((sample) => Math.max(...socks.map((one) => sample.protocols[one] ?? 0))) },
    { name: t("elite"), values: history.map((sample) => sample.anonymity.elite ?? 0) },
  ];
  replace(node, lines(times, series, {
    width: Math.max(280, node.clientWidth),
    withDay,
    caption: t("history"),
    summary: t("history_summary", {
      from: moment(times[0], true), to: moment(times[times.length - 1], true),
      first: number(good[0]), last: number(good[good.length - 1]),
      least: number(Math.min(...good)), most: number(Math.max(...good)),
    }),
  }));
}
