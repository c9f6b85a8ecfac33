/* [data-copy="text"] copies its text and says so; a link leads to the text where that is not possible. */

import { delegate } from "../lib/dom.js";
import { toast } from "./toast.js";

const MARKED_MS = 1600;

export function startCopy() {
  delegate("click", "[data-copy]", async (event, button) => {
    event.preventDefault();
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.dataset.copied = "";
      setTimeout(() => delete button.dataset.copied, MARKED_MS);
      toast("Copied");
    } catch {
      if (button.href) {
        location.assign(button.href);
        return;
      }
      // Browsers refuse the clipboard outside https and localhost.
      toast("The browser does not allow copying here. Select the text instead.", "bad");
    }
  });
}
