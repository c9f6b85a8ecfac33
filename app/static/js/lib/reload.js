/* Loads the page anew without taking from its reader what is open, or the place of the focus. */

import { find } from "./dom.js";

const FOCUS = "focus-after-reload";
const ASK_AGAIN_MS = 500;
const LEAVING_MS = 10000;

let isLeaving = false;

// Loading the page anew would take back the click that leads away from it.
addEventListener("beforeunload", () => {
  isLeaving = true;
  setTimeout(() => {
    isLeaving = false;
  }, LEAVING_MS);
});

/** Whether a dialog or menu is open, something is being typed, or the page is being left. */
export function isBusy() {
  const isTyping = document.activeElement.matches("textarea, select, input:not([type=checkbox])");
  return isLeaving || isTyping || find(":popover-open:not(#tip), dialog[open]") !== null;
}

export function reload() {
  const { id } = document.activeElement;
  const href = document.activeElement.getAttribute("href");
  const place = id ? `#${CSS.escape(id)}` : href && `a[href="${CSS.escape(href)}"]`;
  sessionStorage.setItem(FOCUS, place ?? "");
  location.reload();
}

export function reloadWhenIdle() {
  if (isBusy()) {
    setTimeout(reloadWhenIdle, ASK_AGAIN_MS);
  } else {
    reload();
  }
}

export function restoreFocus() {
  const place = sessionStorage.getItem(FOCUS);
  sessionStorage.removeItem(FOCUS);
  if (place) {
    find(place)?.focus({ preventScroll: true });
  }
}
