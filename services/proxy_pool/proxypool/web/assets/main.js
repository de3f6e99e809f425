// Starts the page and keeps it up to date, for as long as it is seen.

import { ApiError, call } from "./api.js";
import { byId } from "./dom.js";
import { clock, onLanguage, otherLanguage, switchLanguage, t, translatePage } from "./i18n.js";
import { showAccount, startLogin } from "./login.js";
import { trouble } from "./notices.js";
import { fillChoices } from "./panels/choices.js";
import { showHistory } from "./panels/history.js";
import { showKinds } from "./panels/kinds.js";
import { showLatency } from "./panels/latency.js";
import { showMap } from "./panels/map.js";
import { loadProxies, showProxies, startProxies } from "./panels/proxies.js";
import { showReasons } from "./panels/reasons.js";
import { showJudges, showSources } from "./panels/sources.js";
import { showTiles } from "./panels/tiles.js";
import { showTry, startTry } from "./panels/try.js";

const REFRESH_MS = 5000;
const HISTORY_MS = 30000; // a sample is taken each minute

const state = { stats: null, history: null, hours: 24, updated: null };
let paused = false;
let timer = 0;
let historyAt = -Infinity;
let running = false;

function show() {
  for (const panel of [showTiles, showHistory, showKinds, showMap, showLatency, showReasons, showSources, showJudges, fillChoices, showProxies]) {
    panel(state);
  }
  showUpdated();
}

function showUpdated() {
  const text = state.updated ? t(paused ? "paused" : "updated", { time: clock(state.updated) }) : t("loading");
  byId("updated").textContent = text;
}

async function loadHistory() {
  const hours = state.hours;
  const samples = await call("history", { query: { hours } });
  if (hours !== state.hours) return; // another range was chosen meanwhile
  state.history = Array.isArray(samples) ? samples : samples.items;
  historyAt = performance.now();
}

async function load() {
  const wanted = [call("stats").then((stats) => { state.stats = stats; }), loadProxies()];
  if (performance.now() - historyAt >= HISTORY_MS) wanted.push(loadHistory());
  await Promise.all(wanted);
}

function explain(error) {
  if (error.status === 401) return t("login_needed");
  if (!navigator.onLine) {
    return state.updated ? t("offline", { time: clock(state.updated) }) : t("offline_never");
  }
  return error.status && error.status < 500 ? error.message : t("no_answer", { why: error.message });
}

async function refresh() {
  clearTimeout(timer);
  if (running) return;
  running = true;
  try {
    await load();
    state.updated = new Date();
    trouble("");
    show();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    trouble(explain(error));
    showUpdated();
  } finally {
    running = false;
    plan();
  }
}

/** The next refresh: none while nobody looks. */
function plan() {
  clearTimeout(timer);
  if (!paused && !document.hidden) timer = setTimeout(refresh, REFRESH_MS);
}

function startControls() {
  byId("pause").addEventListener("click", () => {
    paused = !paused;
    showControls();
    showUpdated();
    if (!paused) refresh();
    else clearTimeout(timer);
  });
  byId("language").addEventListener("click", switchLanguage);
  byId("hours").addEventListener("change", () => {
    state.hours = Number(byId("hours").value);
    historyAt = -Infinity;
    refresh();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else if (!paused) refresh();
  });
  for (const event of ["online", "offline"]) window.addEventListener(event, refresh);
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return; // a phone's address bar comes and goes
    width = window.innerWidth;
    showHistory(state);
    showLatency(state);
  });
}

function showControls() {
  byId("pause").textContent = t(paused ? "resume" : "pause");
  byId("pause").setAttribute("aria-pressed", String(paused));
  byId("language").textContent = t("language");
  byId("language").lang = otherLanguage();
}

onLanguage(() => {
  showControls();
  showAccount();
  showTry();
  show();
});
translatePage();
showControls();
showAccount();
showUpdated();
startLogin(refresh);
startProxies();
startTry();
startControls();
refresh();
