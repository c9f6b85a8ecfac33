/* Says on the compare button how many runs are ticked. */

import { delegate, find, findAll, setText } from "../lib/dom.js";

export function start(form) {
  const label = find("[data-compare-label]", form);
  const update = () => {
    const count = findAll("[data-compare-pick]:checked").length;
    setText(label, count > 0 ? `Compare ${count} run${count === 1 ? "" : "s"}` : "Compare");
  };
  delegate("change", "[data-compare-pick]", update);
  update();
}
