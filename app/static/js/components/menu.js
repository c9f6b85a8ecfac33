/* Puts a popover menu below its button and moves through it with the arrow keys. */

import { find, findAll } from "../lib/dom.js";

const GAP = 4;
const EDGE = 8;

export function startMenus() {
  document.addEventListener("beforetoggle", onBeforeToggle, true);
  document.addEventListener("toggle", onToggle, true);
  document.addEventListener("keydown", onKey);
}

function isMenu(node) {
  return node instanceof HTMLElement && node.matches(".menu[popover]");
}

function onBeforeToggle(event) {
  if (!isMenu(event.target) || event.newState !== "open") {
    return;
  }
  const button = find(`[popovertarget="${event.target.id}"]`);
  const box = button.getBoundingClientRect();
  const style = event.target.style;
  style.top = `${box.bottom + GAP}px`;
  if (box.right > innerWidth / 2) {
    style.left = "auto";
    style.right = `${Math.max(EDGE, document.documentElement.clientWidth - box.right)}px`;
  } else {
    style.left = `${Math.max(EDGE, box.left)}px`;
    style.right = "auto";
  }
}

function onToggle(event) {
  if (!isMenu(event.target)) {
    return;
  }
  const open = event.newState === "open";
  find(`[popovertarget="${event.target.id}"]`)?.setAttribute("aria-expanded", String(open));
  if (open) {
    keepInWindow(event.target);
    find("[role=menuitem]", event.target)?.focus({ focusVisible: false });
  }
}

/* Aligned with a button near the left edge, a wide menu would stick out. */
function keepInWindow(menu) {
  if (menu.getBoundingClientRect().left < EDGE) {
    menu.style.left = `${EDGE}px`;
    menu.style.right = "auto";
  }
}

function onKey(event) {
  const menu = event.target instanceof Element ? event.target.closest(".menu[popover]") : null;
  if (!menu || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) {
    return;
  }
  event.preventDefault();
  const items = findAll("[role=menuitem]", menu);
  const at = items.indexOf(document.activeElement);
  const next = {
    ArrowDown: (at + 1) % items.length,
    ArrowUp: (at - 1 + items.length) % items.length,
    Home: 0,
    End: items.length - 1,
  }[event.key];
  items[next].focus();
}
