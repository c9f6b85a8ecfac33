/* Closes a message. */

import { delegate } from "../lib/dom.js";

export function startDismiss() {
  delegate("click", "[data-dismiss]", (event, button) => button.closest(".banner").remove());
}
