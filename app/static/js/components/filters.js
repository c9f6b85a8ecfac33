/* A changed filter submits its form, which leaves out what is empty. */

import { delegate } from "../lib/dom.js";

export function startFilters() {
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
