/* A short message at the lower right, read out by screen readers. */

import { find, make } from "../lib/dom.js";

const SHOWN_MS = 5000;

export function toast(text, tone = "") {
  const node = make("div", { class: tone ? `toast toast-${tone}` : "toast" }, text);
  find("#toasts").append(node);
  setTimeout(() => node.remove(), SHOWN_MS);
}
