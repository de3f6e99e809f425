// The language: the one that was chosen, else the browser's; and how it writes numbers, times and places.

import { choices } from "./kept.js";
import { TEXTS } from "./texts.js";

const LOCALES = { en: "en-GB", zh: "zh-CN" };
const listeners = [];
let language = choices.get("language") ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
if (!(language in TEXTS)) language = "en";

/** The text for `key`, with `{name}` replaced by what `values` gives. */
export function t(key, values = {}) {
  const text = TEXTS[language][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** A word of the API, such as a failure's reason, for people. */
export function word(text) {
  return TEXTS[language].words[text] ?? text.replaceAll("_", " ");
}

export function onLanguage(listener) {
  listeners.push(listener);
}

export function switchLanguage() {
  language = language === "en" ? "zh" : "en";
  choices.set("language", language);
  translatePage();
  for (const listener of listeners) listener();
}

/** Translates what stands in the page itself. */
export function translatePage() {
  document.documentElement.lang = LOCALES[language];
  document.title = t("title");
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const node of document.querySelectorAll("[data-text-label]")) {
    node.setAttribute("aria-label", t(node.dataset.textLabel));
  }
}

/** The language that the button offers: the other one. */
export function otherLanguage() {
  return language === "en" ? "zh-CN" : "en-GB";
}

export function number(value, digits = 0) {
  return new Intl.NumberFormat(LOCALES[language], { maximumFractionDigits: digits }).format(value);
}

export function percent(share) {
  return new Intl.NumberFormat(LOCALES[language], { style: "percent", maximumFractionDigits: 1 }).format(share);
}

export function milliseconds(value) {
  return value >= 10000 ? `${number(value / 1000, 1)} s` : `${number(value)} ms`;
}

/** A moment (Date); with the day where it is not the last 24 hours'. */
export function moment(date, withDay = false) {
  const day = withDay ? { month: "2-digit", day: "2-digit" } : {};
  return new Intl.DateTimeFormat(LOCALES[language], { ...day, hour: "2-digit", minute: "2-digit" }).format(date);
}

export function clock(date) {
  return new Intl.DateTimeFormat(LOCALES[language], { timeStyle: "medium" }).format(date);
}

/** A duration in its largest unit. */
export function duration(seconds) {
  const units = [["days", 86400], ["hours", 3600], ["minutes", 60], ["seconds", 1]];
  const [name, size] = units.find(([, each]) => seconds >= each) ?? units[3];
  return t(name, { count: number(Math.floor(seconds / size)) });
}

/** The country with this code of ISO 3166-1, such as CN. */
export function country(code) {
  try {
    return new Intl.DisplayNames([LOCALES[language]], { type: "region" }).of(code) ?? code;
  } catch {
    return code; // not a code that ISO 3166 knows
  }
}
