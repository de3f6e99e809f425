"use strict";

const SHOWN = 200;
const REFRESH_MS = 5000;

const CHINESE = {
  title: "代理池", caption: "可用代理", proxy: "代理", exit: "出口", latency: "延迟", anonymity: "匿名度",
  checks: "检测", source: "来源", time: "最近检测 (UTC)", empty: "暂无可用代理。", count: "可用",
  http: "HTTP", https: "HTTPS", updated: "更新于", failed: "代理池没有应答，稍后重试：",
};
const ENGLISH = { count: "good", http: "HTTP", https: "HTTPS", updated: "Updated", failed: "The pool does not answer, trying again: " };
const chinese = navigator.language.toLowerCase().startsWith("zh");
const text = chinese ? CHINESE : ENGLISH;

function translate() {
  if (!chinese) return;
  document.documentElement.lang = "zh";
  document.title = CHINESE.title;
  for (const node of document.querySelectorAll("[data-text]")) {
    node.textContent = CHINESE[node.dataset.text];
  }
}

async function read(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`${path} ${response.status}`);
  return response.json();
}

function element(name, content) {
  const node = document.createElement(name);
  node.textContent = content;
  return node;
}

function tile(number, label) {
  const node = document.createElement("div");
  node.append(element("b", number), label);
  return node;
}

function showCounts(count) {
  const tiles = [tile(count.count, text.count)];
  for (const [kind, number] of Object.entries(count.http_type)) tiles.push(tile(number, text[kind] ?? kind));
  for (const [source, number] of Object.entries(count.source)) tiles.push(tile(number, source));
  document.getElementById("counts").replaceChildren(...tiles);
}

function row(record) {
  const node = document.createElement("tr");
  if (!record.last_status) node.className = "failing";
  const cells = [
    record.proxy, record.exit_ip, `${record.latency_ms} ms`, record.anonymous,
    `${record.check_count} (−${record.fail_count})`, record.source, record.last_time,
  ];
  node.append(...cells.map((content) => element("td", content ?? "")));
  return node;
}

async function refresh() {
  const state = document.getElementById("state");
  try {
    const [count, records] = await Promise.all([read("count/"), read(`all/?limit=${SHOWN}`)]);
    records.sort((one, other) => one.latency_ms - other.latency_ms);
    showCounts(count);
    document.getElementById("proxies").replaceChildren(...records.map(row));
    document.getElementById("empty").hidden = records.length > 0;
    state.className = "";
    state.textContent = `${text.updated} ${new Date().toLocaleTimeString()}`;
  } catch (error) {
    state.className = "bad";
    state.textContent = `${text.failed}${error.message}`;
  }
  setTimeout(refresh, REFRESH_MS);
}

translate();
refresh();
