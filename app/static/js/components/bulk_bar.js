/* Shows what can be done with the ticked runs, and how many they are, once one is ticked. */

import { delegate, find, findAll, setText } from "../lib/dom.js";

export function start(bar) {
  const boxes = findAll("[data-compare-pick]");
  const all = find("[data-pick-all]");
  all.hidden = false;

  const update = () => {
    const number = boxes.filter((box) => box.checked).length;
    bar.hidden = number === 0;
    setText(find("[data-bulk-count]", bar), `${number} selected`);
    all.checked = number === boxes.length;
    all.indeterminate = number > 0 && !all.checked;
    const whole = find("[data-bulk-all]", bar);
    if (whole) {
      whole.hidden = !all.checked;
      find("input", whole).checked &&= all.checked;
    }
  };
  delegate("change", "[data-compare-pick]", update);
  all.addEventListener("change", () => {
    const wanted = all.checked;
    boxes.filter((box) => box.checked !== wanted).forEach((box) => box.click());
    update();
  });
  update();
}
