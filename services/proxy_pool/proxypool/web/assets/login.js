// The box that asks for a key where the API wants one.

import { call, isLoggedIn, logIn, logOut, whenLoginNeeded } from "./api.js";
import { byId } from "./dom.js";
import { t } from "./i18n.js";

let onChange = () => {};

export function showAccount() {
  byId("account").textContent = t(isLoggedIn() ? "log_out" : "log_in");
}

function open(message = "") {
  const dialog = byId("login");
  byId("login-trouble").textContent = message;
  byId("login-trouble").hidden = !message;
  if (!dialog.open) dialog.showModal();
}

async function submit(event) {
  event.preventDefault();
  const form = event.target;
  logIn(form.elements.account.value.trim(), form.elements.secret.value);
  try {
    await call("facets");
  } catch (error) {
    logOut();
    open(error.status === 401 ? t("login_wrong") : error.message);
    return;
  }
  form.reset();
  byId("login").close();
  showAccount();
  onChange();
}

/** `changed` is called after a login and a logout. */
export function startLogin(changed) {
  onChange = changed;
  let dismissed = false;
  whenLoginNeeded(() => {
    if (isLoggedIn()) {
      logOut(); // it was right once, or comes from an earlier visit
      showAccount();
    }
    if (!dismissed) open();
  });
  byId("login").querySelector("form").addEventListener("submit", submit);
  byId("login").addEventListener("close", () => { dismissed = true; });
  byId("login-cancel").addEventListener("click", () => byId("login").close());
  byId("account").addEventListener("click", () => {
    if (isLoggedIn()) {
      logOut();
      showAccount();
      onChange();
    } else {
      open();
    }
  });
}
