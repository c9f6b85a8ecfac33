/* Adds a row for one more price. Without it, saving offers two further rows each time. */

import { find, findAll } from "../lib/dom.js";

export function start(prices) {
  const button = find("[data-add-price]", prices);
  button.hidden = false;
  button.addEventListener("click", () => {
    const rows = findAll("[data-price-row]", prices);
    const last = rows[rows.length - 1];
    const row = last.cloneNode(true);
    for (const input of findAll("input", row)) {
      input.value = "";
    }
    last.after(row);
    find("input", row).focus();
  });
}
