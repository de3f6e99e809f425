// The select boxes whose choices the pool itself knows: countries, sources, targets.

import { el } from "../dom.js";
import { country, number, t } from "../i18n.js";
import { facetsOf, LEVELS, PROTOCOLS } from "./kinds.js";

function choicesOf(kind, stats) {
  if (kind === "protocol") return PROTOCOLS.map((name) => [name, name.toUpperCase()]);
  if (kind === "anonymity") return LEVELS.map((name) => [name, t(name)]);
  return facetsOf(stats, kind).filter(({ name }) => name).map(({ name, count }) =>
    [name, kind === "country" ? `${country(name)} (${number(count)})` : `${name} (${number(count)})`]);
}

/** Fills each of them, and keeps what is chosen, also where it has no proxy left. */
export function fillChoices({ stats }) {
  if (!stats) return;
  for (const select of document.querySelectorAll("select[data-choices]")) {
    if (select === document.activeElement) continue; // an open list must not change under the pointer
    const chosen = select.value;
    const choices = choicesOf(select.dataset.choices, stats);
    if (chosen && !choices.some(([value]) => value === chosen)) choices.push([chosen, chosen]);
    select.replaceChildren(el("option", { value: "" }, t("any")),
      ...choices.map(([value, text]) => el("option", { value }, text)));
    select.value = chosen;
  }
}
