/* A form that is on its way is not sent again by a second click. */

import { findAll } from "../lib/dom.js";

const ANSWERED_MS = 8000; // after that, whoever stopped the page from loading may try again

export function startSubmitOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") {
      return;
    }
    if ("sent" in form.dataset) {
      event.preventDefault();
      return;
    }
    // Once all listeners had it: scripts send some forms themselves, and may send them again.
    setTimeout(() => {
      if (!event.defaultPrevented) {
        form.dataset.sent = "";
        setTimeout(() => forget(form), ANSWERED_MS);
      }
    });
  });
  window.addEventListener("pageshow", () => findAll("form[data-sent]").forEach(forget));
}

function forget(form) {
  delete form.dataset.sent;
}
