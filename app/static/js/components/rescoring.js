/* Follows a scoring of stored answers, and loads the page anew when its score is there. */

import { find, findAll, setText } from "../lib/dom.js";
import { get } from "../lib/api.js";
import { number } from "../lib/format.js";
import { reloadWhenIdle } from "../lib/reload.js";
import { toastAfterReload } from "./toast.js";

const EVERY_MS = 1000;

export function start(box) {
  setTimeout(() => follow(box), EVERY_MS);
}

async function follow(box) {
  try {
    const { items, last } = await get(box.dataset.rescoring);
    const done = new Map(items.map((item) => [item.protocol, item.done]));
    const notes = findAll("[data-rescoring-protocol]", box);
    if (notes.some((note) => !done.has(note.dataset.rescoringProtocol))) {
      reload(last);
      return;
    }
    notes.forEach((note) => show(note, done.get(note.dataset.rescoringProtocol)));
  } catch {
    // The next round may go through; the page stays as it is meanwhile.
  }
  setTimeout(() => follow(box), EVERY_MS);
}

/* What is being typed into the tags and notes is not thrown away for a score. */
function reload(message) {
  if (find("dialog[open]")) {
    setTimeout(() => reload(message), EVERY_MS);
    return;
  }
  toastAfterReload(message);
  reloadWhenIdle();
}

function show(note, done) {
  setText(find("[data-rescoring-done]", note), number(done));
  find("progress", note).value = done;
}
