/* Keeps what a form holds in this tab while its user signs in again; never passwords, keys, files. */

import { delegate, find, findAll, make } from "../lib/dom.js";

const SLOT = "kept-form";
const MARK = "#form-kept"; // the server's, too: app/web/sign_in_again.py
const KEPT = "input:not([type=password], [type=file], [type=hidden]), select, textarea";
const { account } = document.body.dataset;

export function startKeptForms() {
  delegate("submit", "form[data-keep]", (event, form) => keep(form));
  document.addEventListener("session-ended", offerSignIn, { once: true });
  if (location.hash === MARK) {
    history.replaceState(null, "", location.pathname + location.search);
    bringBack(JSON.parse(sessionStorage.getItem(SLOT)));
  }
  if (account) {
    sessionStorage.removeItem(SLOT); // what was sent has arrived, or is filled in again
  }
}

function keep(form) {
  const values = fieldsOf(form)
    .filter((field) => !isChoice(field) || field.checked)
    .map(({ name, value }) => [name, value]);
  sessionStorage.setItem(SLOT, JSON.stringify({ account, page: form.dataset.keep, values }));
}

const isChoice = ({ type }) => type === "radio" || type === "checkbox";

const fieldsOf = (form) => findAll(KEPT, form).filter((field) => field.name);

function bringBack(kept) {
  const form = find("form[data-keep]");
  if (!form || kept?.account !== account || kept.page !== form.dataset.keep) {
    return;
  }
  addRows(form, kept.values);
  const left = [...kept.values];
  const fields = fieldsOf(form);
  // Choices first: they decide what other fields offer.
  for (const field of [...fields.filter(isChoice), ...fields.filter((each) => !isChoice(each))]) {
    const at = left.findIndex(
      ([name, value]) => name === field.name && (!isChoice(field) || value === field.value),
    );
    if (isChoice(field)) {
      field.checked = at >= 0;
    } else {
      field.value = at >= 0 ? left[at][1] : "";
    }
    if (at >= 0) {
      left.splice(at, 1);
      open(field);
      field.dispatchEvent(new CustomEvent("input", { bubbles: true, detail: { chosen: true } }));
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
  tell("What you had filled in is here again. Nothing was sent.");
}

/* A button that repeats a field names it. */
function addRows(form, values) {
  for (const button of findAll("[data-repeats]", form)) {
    const ofName = (name) => name === button.dataset.repeats;
    const wanted = values.filter(([name]) => ofName(name)).length;
    for (let rows = fieldsOf(form).filter((field) => ofName(field.name)).length; rows < wanted; rows += 1) {
      button.click();
    }
  }
}

function open(field) {
  const box = field.closest("details");
  if (box && field.value) {
    box.open = true;
  }
}

function offerSignIn() {
  const form = find("form[data-keep]");
  const here = form ? form.dataset.keep : location.pathname + location.search;
  const next = encodeURIComponent(form ? here + MARK : here);
  const link = make("a", { class: "btn btn-s", href: `/login?next=${next}` }, "Sign in");
  link.addEventListener("click", () => form && keep(form));
  tell(`Your session has ended.${form ? " What you filled in is kept in this tab." : ""}`, link);
}

function tell(text, ...more) {
  const words = make("p", { class: "banner-text" }, text);
  find("main").prepend(make("div", { class: "banner banner-warn kept", role: "alert" }, words, ...more));
}
