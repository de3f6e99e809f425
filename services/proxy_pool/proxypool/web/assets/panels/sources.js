// What each source brings, and what is wrong with it; and whether the judges answer.

import { byId, el, replace } from "../dom.js";
import { duration, milliseconds, number, percent, t } from "../i18n.js";

const LOOKS = { ok: "good", failing: "warn", dead: "bad", refused: "bad", added: "quiet", waiting: "quiet" };

function stateOf(source) {
  if (source.state in LOOKS) return source.state;
  if (source.finished) return source.failures ? "failing" : "ok";
  return source.known ? "added" : "waiting"; // nothing has crawled it
}

function cell(label, content, attributes = {}) {
  return el("td", { role: "cell", "data-label": label, ...attributes }, content);
}

/** When a source was crawled last (UTC), as unix seconds, or null. */
function crawledAt({ finished }) {
  return finished ? Date.parse(`${finished.replace(" ", "T")}Z`) / 1000 : null;
}

function row([name, source]) {
  const state = stateOf(source);
  const at = crawledAt(source);
  const count = (key) => (typeof source[key] === "number" ? number(source[key]) : "–");
  return el("tr", { role: "row", "data-name": name },
    el("th", { role: "rowheader", scope: "row" }, name),
    cell(t("state"), el("span", { class: `state ${LOOKS[state]}` }, t(`state_${state}`))),
    cell(t("fetched"), count("fetched"), { class: "number" }),
    cell(t("new"), count("new"), { class: "number" }),
    cell(t("alive"), count("alive"), { class: "number" }),
    cell(t("yield"), source.known ? percent(source.yield) : "–", { class: "number" }),
    cell(t("last_crawl"), at === null ? "–" : t("ago", { time: duration(Math.max(0, Date.now() / 1000 - at)) }), { class: "long" }),
    cell(t("error"), source.error
      ? el("span", { class: "error-text" }, source.error,
        source.failures > 1 ? ` (${t("in_a_row", { count: number(source.failures) })})` : null)
      : null, { class: "whole bare" }));
}

function table(caption, heads, rows) {
  return el("table", { class: "records", role: "table" },
    el("caption", { class: "unseen" }, caption),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" },
      heads.map(([head, look]) => el("th", { role: "columnheader", scope: "col", class: look }, head)))),
    el("tbody", { role: "rowgroup" }, rows));
}

export function showSources({ stats }) {
  if (!stats) return;
  const sources = Object.entries(stats.sources)
    .sort(([one, first], [other, second]) => second.alive - first.alive || one.localeCompare(other));
  const heads = [[t("source")], [t("state")], [t("fetched"), "number"], [t("new"), "number"],
    [t("alive"), "number"], [t("yield"), "number"], [t("last_crawl")], [t("error")]];
  replace(byId("sources"), sources.length
    ? table(t("sources"), heads, sources.map(row))
    : el("p", { class: "empty" }, t("no_sources")));
}

/** It is kept in whole milliseconds: a judge next door answers in none. */
function judgeLatency({ up, latency_ms: latency }) {
  if (latency) return milliseconds(latency);
  return up ? "<1 ms" : "–";
}

export function showJudges({ stats }) {
  if (!stats) return;
  const judges = Object.entries(stats.judges ?? {});
  const heads = [[t("judge")], [t("state")], [t("latency"), "number"], [t("error")]];
  replace(byId("judges"), judges.length
    ? table(t("judges"), heads, judges.map(([url, judge]) => el("tr", { role: "row", "data-name": url },
      el("th", { role: "rowheader", scope: "row" }, url),
      cell(t("state"), el("span", { class: `state ${judge.up ? "good" : "bad"}` }, t(judge.up ? "judge_up" : "judge_down"))),
      cell(t("latency"), judgeLatency(judge), { class: "number" }),
      cell(t("error"), judge.error || judge.reason
        ? el("span", { class: "error-text" }, judge.error || judge.reason) : null, { class: "whole bare" }))))
    : el("p", { class: "empty" }, t("no_judges")));
}
