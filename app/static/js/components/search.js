/* "/" jumps to the search field, j and k to the next and the previous sample, Escape back to the
   list, and a changed filter submits its form. */

import { delegate, find } from "../lib/dom.js";

function isTyping() {
  const active = document.activeElement;
  return active instanceof Element && active.matches("input, textarea, select, [contenteditable]");
}

export function startSearch() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping() || find("dialog[open]")) {
      return;
    }
    const search = event.key === "/" ? find("[data-search]") : null;
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
      return;
    }
    if (["j", "k", "Escape"].includes(event.key) && !find(":popover-open")) {
      find(`[data-key="${event.key}"]`)?.click();
    }
  });
  delegate("change", "[data-autosubmit]", (event, control) => control.form.requestSubmit());
  delegate("submit", "[data-filters]", (event, form) => leaveOutEmpty(form));
}

/* Keeps ?status=&q=&model= out of the address. */
function leaveOutEmpty(form) {
  for (const control of form.elements) {
    if (control.name && control.value === "") {
      control.disabled = true;
      setTimeout(() => {
        control.disabled = false;
      });
    }
  }
}
