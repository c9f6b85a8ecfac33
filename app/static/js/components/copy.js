/* [data-copy="text"] copies its text and says so. */

import { delegate } from "../lib/dom.js";
import { toast } from "./toast.js";

const MARKED_MS = 1600;

export function startCopy() {
  delegate("click", "[data-copy]", async (event, button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.dataset.copied = "";
      setTimeout(() => delete button.dataset.copied, MARKED_MS);
      toast("Copied");
    } catch {
      // Browsers refuse the clipboard outside https and localhost.
      toast("The browser does not allow copying here. Select the text instead.", "bad");
    }
  });
}
