// Copies text, also on plain http://, where browsers have no navigator.clipboard.

export async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  area.setAttribute("aria-hidden", "true");
  const held = document.activeElement;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  held?.focus({ preventScroll: true });
  if (!copied) throw new Error("the browser refused");
}

const SCHEMES = [["socks5", "socks5h"], ["http", "http"], ["connect", "http"], ["socks4a", "socks4a"], ["socks4", "socks4"]];

/** A proxy as `host:port`, as a URL, or as a curl command. */
export function written(record, form) {
  if (form === "address") return record.proxy;
  const spoken = record.protocols ?? ["http"];
  const order = spoken.includes("http") || spoken.includes("connect") ? SCHEMES.slice(1) : SCHEMES;
  const [, scheme] = order.find(([protocol]) => spoken.includes(protocol)) ?? ["http", "http"];
  const url = `${scheme}://${record.proxy}`;
  return form === "url" ? url : `curl --proxy '${url}' ${record.https ? "https" : "http"}://example.org/`;
}

/** A proxy's address as it may be seen over one's shoulder: without its credentials. */
export function masked(proxy) {
  const at = proxy.lastIndexOf("@");
  return at < 0 ? proxy : `•••@${proxy.slice(at + 1)}`;
}
