/* Enter accepts what a field holds and moves on to the next one; it never sends the form. */

import { findAll } from "../lib/dom.js";

const FIELDS = "input:not([type=hidden]), select, textarea";
const ONE_LINE = "input, select";

export function start(form) {
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !event.target.matches(ONE_LINE)) {
      return;
    }
    event.preventDefault();
    if (event.target.type === "radio") {
      event.target.click();
    }
    if (!event.repeat) {
      moveOn(event.target);
    }
  });
}

/** Focus the field after `field`; the last one keeps the focus: Start is for its own keys. */
export function moveOn(field) {
  const next = findAll(FIELDS, field.form).find(
    (other) => follows(field, other) && !other.disabled && other.checkVisibility(),
  );
  next?.focus();
}

/* The cards of the benchmarks are a list to choose from, and not on the way. */
const follows = (field, other) =>
  other.type !== "radio" &&
  Boolean(field.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);
