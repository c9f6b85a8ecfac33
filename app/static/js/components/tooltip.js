/* [data-tip="text"] shows its text on hover and on focus, in one shared popover. */

import { find, setText } from "../lib/dom.js";

const EDGE = 8;
const GAP = 6;

export function startTooltips() {
  const tip = find("#tip");
  if (!tip) {
    return;
  }
  const onEnter = (event) => {
    const target = event.target instanceof Element ? event.target.closest("[data-tip]") : null;
    if (target) {
      show(tip, target);
    } else {
      hide(tip);
    }
  };
  document.addEventListener("pointerover", onEnter);
  document.addEventListener("focusin", onEnter);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      hide(tip);
    }
  });
}

function show(tip, target) {
  setText(tip, target.dataset.tip);
  tip.showPopover();
  const box = target.getBoundingClientRect();
  const left = box.x + box.width / 2 - tip.offsetWidth / 2;
  const above = box.y - tip.offsetHeight - GAP;
  // Set through the CSSOM, which the CSP allows; style attributes it does not.
  tip.style.left = `${Math.max(EDGE, Math.min(innerWidth - tip.offsetWidth - EDGE, left))}px`;
  tip.style.top = `${above > EDGE ? above : box.bottom + GAP}px`;
}

function hide(tip) {
  if (tip.matches(":popover-open")) {
    tip.hidePopover();
  }
}
