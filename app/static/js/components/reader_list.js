/* Brings the sample that is read into sight in the list beside it. */

import { find } from "../lib/dom.js";

export function start(list) {
  const current = find("[aria-current]", list);
  const box = find("ul", list);
  if (current) {
    box.scrollTop = current.offsetTop - (box.clientHeight - current.offsetHeight) / 2;
  }
}
