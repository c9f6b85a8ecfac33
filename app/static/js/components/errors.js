/* After a form was refused, the first field that is wrong has the focus. */

import { find } from "../lib/dom.js";

const FIELD = "input:not([type=hidden]), select, textarea";

export function startErrors() {
  const error = find("main form[method=post] .error-text:not([hidden])");
  const box = error?.closest(".field, fieldset");
  if (box) {
    (find("[aria-invalid=true]", box) ?? find(FIELD, box))?.focus();
  }
}
