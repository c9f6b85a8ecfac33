/* After a form was refused, the summary of what is wrong has the focus, else the first wrong field. */

import { find } from "../lib/dom.js";

const FIELD = "input:not([type=hidden]), select, textarea";

export function startErrors() {
  const summary = find("[data-error-summary]");
  if (summary) {
    summary.focus();
    return;
  }
  const error = find("main form[method=post] .error-text:not([hidden])");
  const box = error?.closest(".field, fieldset");
  if (box) {
    (find("[aria-invalid=true]", box) ?? find(FIELD, box))?.focus();
  }
}
