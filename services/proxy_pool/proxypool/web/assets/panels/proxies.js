// The table of proxies: filters, order, pages, and buttons that copy.

import { ApiError, call, download } from "../api.js";
import { byId, el, replace } from "../dom.js";
import { country, milliseconds, number, percent, t, word } from "../i18n.js";
import { choices } from "../kept.js";
import { notify } from "../notices.js";
import { copy, masked, written } from "./clipboard.js";

const PAGE = window.matchMedia("(max-width: 44rem)").matches ? 10 : 25; // a row is a card on a phone
const COLUMNS = [
  ["proxy"], ["protocols"], ["anonymity"], ["country"], ["latency", "latency", "number"], ["score", "score", "number"],
  ["success", "success_rate", "number"], ["source"], ["last_check", "checked"], ["actions"],
];

let offset = 0;
let shown = null; // {total, items}
let asked = 0;
let stats = null;

function filters() {
  const values = Object.fromEntries(new FormData(byId("filters")));
  const { sort, order, ...rest } = values;
  return { rest, sort, order };
}

/** Asks for the page that is chosen; an answer that was overtaken by a later one is dropped. */
export async function loadProxies() {
  const number_ = ++asked;
  const { rest, sort, order } = filters();
  const page = await call("proxies", { query: { ...rest, sort, order, offset, limit: PAGE } });
  if (number_ !== asked) return;
  if (!page.items.length && page.total > 0 && offset > 0) {
    offset = Math.floor((page.total - 1) / PAGE) * PAGE;
    await loadProxies();
    return;
  }
  shown = page;
  showProxies({ stats });
}

async function loadOrSay() {
  try {
    await loadProxies();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status !== 401) notify(error.message);
  }
}

async function copyOut(text, message) {
  try {
    await copy(text);
    notify(message);
  } catch {
    notify(t("copy_failed"));
  }
}

function cell(label, content, attributes = {}) {
  return el("td", { role: "cell", "data-label": label, ...attributes }, content);
}

function tags(record) {
  const spoken = (record.protocols ?? []).map((name) => el("span", { class: "tag" }, name.toUpperCase()));
  return [...spoken, record.https ? el("span", { class: "tag good" }, "HTTPS ✓") : null];
}

function row(record) {
  const name = masked(record.proxy);
  const place = record.region ? country(record.region) : "–";
  const targets = Object.entries(record.targets ?? {}).filter(([, target]) => target.works).map(([target]) => target);
  return el("tr", { role: "row", class: record.last_status ? null : "failing", "data-proxy": name },
    el("th", { role: "rowheader", scope: "row", class: "mono" }, name,
      name === record.proxy ? null : el("span", { class: "unseen" }, ` (${t("masked")})`)),
    cell(t("protocols"), tags(record), { class: "whole bare" }),
    cell(t("anonymity"), record.anonymous ? t(record.anonymous) : "–", { class: "whole-word" }),
    cell(t("country"), [place, record.as_name ? el("div", { class: "quiet" }, record.as_name) : null]),
    cell(t("latency"), milliseconds(record.latency_ms), { class: "number" }),
    cell(t("score"), typeof record.score === "number" ? number(record.score, 1) : "–", { class: "number" }),
    cell(t("success"), [typeof record.success_rate === "number" ? percent(record.success_rate) : "–",
      record.last_reason ? el("div", { class: "quiet" }, word(record.last_reason)) : null], { class: "number" }),
    cell(t("source"), [record.source, targets.map((target) => el("span", { class: "tag" }, target))]),
    cell(t("last_check"), record.last_time, { class: "long" }),
    cell(null, el("button", {
      type: "button", class: "small", "data-key": `copy ${record.proxy}`, "aria-label": t("copy_of", { proxy: name }),
      onclick: () => copyOut(written(record, byId("copy-as").value), t("copied", { what: name })),
    }, t("copy")), { class: "corner" }));
}

function head([key, sort, look]) {
  const { sort: chosen, order } = filters();
  const sorted = sort === chosen ? { asc: "ascending", desc: "descending" }[order] : null;
  const content = sort ? el("button", {
    type: "button", "data-key": `sort ${sort}`, title: t("sorted_by", { column: t(key) }), onclick: () => sortBy(sort),
  }, t(key)) : t(key);
  return el("th", { role: "columnheader", scope: "col", class: look, "aria-sort": sorted ?? (sort ? "none" : null) },
    key === "actions" ? el("span", { class: "unseen" }, t("actions")) : content);
}

function sortBy(sort) {
  const form = byId("filters");
  const ascendingFirst = sort === "latency";
  if (form.elements.sort.value === sort) {
    form.elements.order.value = form.elements.order.value === "asc" ? "desc" : "asc";
  } else {
    form.elements.sort.value = sort;
    form.elements.order.value = ascendingFirst ? "asc" : "desc";
  }
  restart();
}

/** Why the table is empty: the first thing that people want to know. */
function emptiness() {
  const { rest } = filters();
  if (Object.values(rest).some((value) => value !== "")) return t("filters_empty");
  const worst = Object.entries(stats?.reasons ?? {}).sort(([, one], [, other]) => other - one)[0];
  if (!worst) return t("pool_empty_new");
  return t("pool_empty", { under_way: number(stats.under_way), reason: word(worst[0]) });
}

function setText(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text; // or it would be read out each time
}

export function showProxies(state) {
  stats = state.stats;
  if (!shown) return;
  const { total, items } = shown;
  if (items.length) {
    replace(byId("proxies"), el("table", { class: "records", role: "table" },
      el("caption", { class: "unseen" }, t("proxies")),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, COLUMNS.map(head))),
      el("tbody", { role: "rowgroup" }, items.map(row))));
  } else {
    replace(byId("proxies"), el("p", { class: "empty" }, emptiness()));
  }
  setText("total", total
    ? t("proxies_total", { total: number(total), from: number(offset + 1), to: number(offset + items.length) })
    : t("proxies_none"));
  const pages = Math.max(1, Math.ceil(total / PAGE));
  setText("page", t("page_of", { page: number(offset / PAGE + 1), pages: number(pages) }));
  byId("previous").disabled = offset === 0;
  byId("next").disabled = offset + PAGE >= total;
  byId("copy-page").disabled = items.length === 0;
}

function restart() {
  offset = 0;
  loadOrSay();
}

function turn(pages) {
  offset = Math.max(0, offset + pages * PAGE);
  loadOrSay();
}

async function save(format) {
  const { rest } = filters();
  try {
    const blob = await download("export", { query: { ...rest, format } });
    const link = el("a", { href: URL.createObjectURL(blob), download: `proxies.${format}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    notify(t("download_failed", { why: error.message }));
  }
}

export function startProxies() {
  const form = byId("filters");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", restart);
  form.addEventListener("reset", () => setTimeout(restart)); // the fields are empty only afterwards
  byId("previous").addEventListener("click", () => turn(-1));
  byId("next").addEventListener("click", () => turn(1));
  const copyAs = byId("copy-as");
  copyAs.value = choices.get("copy-as") ?? "address";
  if (!copyAs.value) copyAs.value = "address";
  copyAs.addEventListener("change", () => choices.set("copy-as", copyAs.value));
  byId("copy-page").addEventListener("click", () => {
    const text = shown.items.map((record) => written(record, copyAs.value)).join("\n");
    copyOut(`${text}\n`, t("copied_many", { count: number(shown.items.length) }));
  });
  for (const button of document.querySelectorAll("[data-export]")) {
    button.addEventListener("click", () => save(button.dataset.export));
  }
}
