/* "/" jumps to the search field; a key that a link or button names presses it (j and k for the next
   and the previous sample, Escape back to the list); without such a link, j and k step through the
   rows of a list. A changed filter submits its form. */

import { delegate, find, findAll } from "../lib/dom.js";

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
    if (find(":popover-open")) {
      return;
    }
    const named = find(`[data-key="${CSS.escape(event.key)}"]`);
    if (named) {
      event.preventDefault();
      named.click();
    } else if (event.key === "j" || event.key === "k") {
      step(event.key === "j" ? 1 : -1);
    }
  });
  delegate("change", "[data-autosubmit]", (event, control) => control.form.requestSubmit());
  delegate("submit", "[data-filters]", (event, form) => leaveOutEmpty(form));
}

/* Focuses the next row; Enter then opens it, as any link. */
function step(by) {
  const rows = findAll("[data-step]");
  const at = rows.indexOf(document.activeElement);
  rows[at < 0 ? 0 : at + by]?.focus();
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
