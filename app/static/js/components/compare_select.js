/* Says on the compare button how many runs are ticked, and sends them in the order of the ticks:
   the first one is the baseline. Without script the order is that of the table. */

import { delegate, find, findAll, setText } from "../lib/dom.js";

export function start(form) {
  const label = find("[data-compare-label]", form);
  const order = inOrderOfAddress(findAll("[data-compare-pick]:checked").map((box) => box.value));

  const update = () => {
    const words = ["Compare", "Compare with another"];
    setText(label, words[order.length] ?? `Compare ${order.length} runs`);
  };
  delegate("change", "[data-compare-pick]", (event, box) => {
    if (box.checked) {
      order.push(box.value);
    } else {
      order.splice(order.indexOf(box.value), 1);
    }
    update();
  });
  form.addEventListener("submit", (event) => {
    // Other buttons act on what is ticked, search or turn pages: the form itself sends the ticks.
    const isCompare = !event.submitter?.hasAttribute("formaction") && !event.submitter?.name;
    if (isCompare && order.length > 0) {
      event.preventDefault();
      // Not form.action: buttons of the list are called so.
      location.assign(`${form.getAttribute("action")}?run_ids=${order.map(encodeURIComponent).join(",")}`);
    }
  });
  update();
}

function inOrderOfAddress(ids) {
  const wanted = new URLSearchParams(location.search).getAll("run_ids").join(",").split(",");
  return ids.sort((first, second) => wanted.indexOf(first) - wanted.indexOf(second));
}
