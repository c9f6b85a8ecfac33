/* A short message at the lower right, read out by screen readers. */

import { find, make } from "../lib/dom.js";

const SHOWN_MS = 5000;
const KEPT = "toast";

export function toast(text, tone = "") {
  const node = make("div", { class: tone ? `toast toast-${tone}` : "toast" }, text);
  find("#toasts").append(node);
  setTimeout(() => node.remove(), SHOWN_MS);
}

/** Keep a message for the page that is loaded next. */
export function toastAfterReload(text) {
  if (text) {
    sessionStorage.setItem(KEPT, text);
  }
}

export function startToasts() {
  const text = sessionStorage.getItem(KEPT);
  if (text) {
    sessionStorage.removeItem(KEPT);
    toast(text);
  }
}
