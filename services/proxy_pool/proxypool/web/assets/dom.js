// Builds elements. Text is only ever set as text: nothing that the API says becomes markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

/** An HTML element: `el("td", {class: "number"}, "5")`; `onclick` and the like are listeners. */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`the page has no element ${id}`);
  return node;
}

/** Puts new children in, and keeps the focus on the control with the same `data-key`. */
export function replace(node, ...children) {
  const held = document.activeElement;
  const key = held && node.contains(held) ? held.dataset.key : undefined;
  const open = new Set([...node.querySelectorAll("details[open]")].map((one) => one.dataset.key));
  node.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  for (const one of node.querySelectorAll("details")) one.open = open.has(one.dataset.key);
  node.removeAttribute("aria-busy");
  if (key) node.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}
