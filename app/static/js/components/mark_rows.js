/* "x" on the focused row of a list marks its sample for review, or takes the mark away. */

import { find, make } from "../lib/dom.js";
import { request } from "../lib/api.js";
import { toast } from "./toast.js";

export function start(table) {
  let isBusy = false;
  table.dataset.markRows = "ready";
  table.addEventListener("keydown", async (event) => {
    const link = event.target.closest("[data-step]");
    const isKey = event.key === "x" && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!isKey || !link || isBusy) {
      return;
    }
    isBusy = true;
    const cell = link.parentElement;
    const shown = find(".mark-review", cell);
    const { pathname, searchParams } = new URL(link.href);
    try {
      await request("PUT", `/api/v1${pathname}/mark?epoch=${searchParams.get("epoch")}`, {
        body: { to_review: !shown },
      });
      if (shown) {
        shown.remove();
      } else {
        cell.append(make("span", { class: "mark-review small", role: "status" }, "To review"));
      }
    } catch (error) {
      toast(error.message, "bad");
    } finally {
      isBusy = false;
    }
  });
}
