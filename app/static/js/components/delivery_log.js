/* Follows a webhook's deliveries: states change where they stand, what is new is loaded anew. */

import { get } from "../lib/api.js";
import { find, findAll, make, setText } from "../lib/dom.js";
import { moment } from "../lib/format.js";
import { reload } from "../lib/reload.js";
import { setStatusPill } from "./status_pill.js";

const EVERY_MS = 2000;

export function start(log) {
  setTimeout(() => follow(log), EVERY_MS);
}

async function follow(log) {
  if (!document.hidden) {
    try {
      const { items } = await get(log.dataset.deliveryLog);
      const isOld = items.filter((item) => !show(find(`[data-delivery="${item.id}"]`, log), item)).length > 0;
      if (isOld && !isBusy()) {
        reload();
        return;
      }
      find("[data-log-changed]", log).hidden = !isOld;
    } catch (error) {
      if (error.status === 401) {
        return;
      }
      // The next round may go through; the page stays as it is meanwhile.
    }
  }
  setTimeout(() => follow(log), EVERY_MS);
}

/* Returns whether the row has all there is to read. */
function show(row, { status, made, facts, next_attempt_at: next }) {
  if (!row) {
    return false;
  }
  setStatusPill(find(".pill", row), status);
  setText(find("[data-delivery-facts]", row), facts);
  const time = next ? [", next try ", make("time", { datetime: next }, moment(new Date(next)))] : [];
  find("[data-delivery-next]", row).replaceChildren(...time);
  return row.dataset.made === String(made);
}

/* What is being typed or read, or is shown once, is not thrown away for a state. */
function isBusy() {
  const isChanged = ({ value, defaultValue, checked, defaultChecked }) =>
    value !== defaultValue || checked !== defaultChecked;
  return find(".secret, dialog[open], details[open]") !== null || findAll("main input").some(isChanged);
}
