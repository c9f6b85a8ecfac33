/* Marks the sample of a row for review, or takes the mark away, when a key says so ("mark"). */

import { find, make } from "../lib/dom.js";
import { request } from "../lib/api.js";
import { toast } from "./toast.js";

export function start(table) {
  let isBusy = false;
  table.dataset.markRows = "ready";
  table.addEventListener("mark", async ({ target: link }) => {
    if (isBusy) {
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
