// Calls of /api/v2/, with the key where one was given, and with errors that say what to do.

import { t } from "./i18n.js";
import { secrets } from "./kept.js";

const TIMEOUT_MS = 20000;
let onLoginNeeded = () => {};

/** The API refused or failed; `status` is 0 where it did not answer at all. */
export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export function whenLoginNeeded(listener) {
  onLoginNeeded = listener;
}

export function isLoggedIn() {
  return secrets.get("key") !== null;
}

/** Keeps an API key, or an account's name and secret; null forgets them. */
export function logIn(account, secret) {
  secrets.set("key", account ? JSON.stringify({ account, secret }) : JSON.stringify({ secret }));
}

export function logOut() {
  secrets.remove("key");
}

function credentials() {
  const kept = secrets.get("key");
  if (kept === null) return {};
  const { account, secret } = JSON.parse(kept);
  if (!account) return { "X-API-Key": secret };
  const bytes = new TextEncoder().encode(`${account}:${secret}`);
  return { Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

async function said(response) {
  try {
    const error = await response.json();
    if (!error.expected) return t("fault", { status: response.status });
    return t("expected_found", { ...error, what: error.what_to_do });
  } catch {
    return t("fault", { status: response.status });
  }
}

async function ask(path, { method = "GET", query = {}, body, timeoutMs = TIMEOUT_MS } = {}) {
  const filled = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const text = new URLSearchParams(filled).toString();
  let response;
  try {
    response = await fetch(`api/v2/${path}${text ? `?${text}` : ""}`, {
      method,
      headers: {
        Accept: "application/json",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...credentials(),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      // Or the browser would put its own box for a password before ours.
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    throw new ApiError(error.name === "TimeoutError" ? t("timeout") : error.message, 0);
  }
  if (response.ok) return response;
  const message = await said(response);
  if (response.status === 401) onLoginNeeded(message);
  throw new ApiError(message, response.status);
}

/** The answer's JSON. Raises ApiError. */
export async function call(path, options) {
  return (await ask(path, options)).json();
}

/** The answer as a file. Raises ApiError. */
export async function download(path, options) {
  return (await ask(path, { ...options, timeoutMs: 120000 })).blob();
}
