/* [data-dialog-open="id"] opens a <dialog>; [data-dialog-close] and its backdrop close it. */

import { delegate } from "../lib/dom.js";

export function startDialogs() {
  delegate("click", "[data-dialog-open]", (event, button) => {
    button.closest("[popover]")?.hidePopover();
    document.getElementById(button.dataset.dialogOpen)?.showModal();
  });
  delegate("click", "[data-dialog-close]", (event, button) => {
    button.closest("dialog")?.close();
  });
  document.addEventListener("click", (event) => {
    if (event.target instanceof HTMLDialogElement && isOutside(event)) {
      event.target.close();
    }
  });
}

function isOutside(event) {
  const box = event.target.getBoundingClientRect();
  const inside =
    event.clientX >= box.left &&
    event.clientX <= box.right &&
    event.clientY >= box.top &&
    event.clientY <= box.bottom;
  // A click made by the keyboard has no position.
  return !inside && event.detail > 0;
}
