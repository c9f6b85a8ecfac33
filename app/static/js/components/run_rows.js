/* Keeps the rows of runs under way up to date, and loads the page anew when one of them ends. */

import { get } from "../lib/api.js";
import { find, findAll, make, setText } from "../lib/dom.js";
import { duration, interval, number, percent, spent } from "../lib/format.js";
import { queueWords } from "../lib/words.js";
import { setStatusPill } from "./status_pill.js";

const EVERY_MS = 3000;
const ACTIVE = "/api/v1/runs?status=queued,running&limit=200";

export function start() {
  window.setTimeout(follow, EVERY_MS);
}

async function follow() {
  const rows = findAll("[data-run-row]");
  if (!document.hidden) {
    try {
      const { items } = await get(ACTIVE);
      const active = new Map(items.map((run) => [run.run_id, run]));
      if (rows.some((row) => !active.has(row.dataset.runRow))) {
        // What is being typed or ticked is not thrown away for a number.
        if (!isBusy()) {
          window.location.reload();
          return;
        }
      }
      rows.forEach((row) => show(row, active.get(row.dataset.runRow)));
    } catch {
      // The next round may go through; the page stays as it is meanwhile.
    }
  }
  window.setTimeout(follow, EVERY_MS);
}

function isBusy() {
  const field = document.activeElement;
  const isTyping = field instanceof HTMLInputElement && field.type === "search";
  return isTyping || find("[data-compare-pick]:checked") !== null;
}

function show(row, run) {
  if (!run) {
    return;
  }
  const { done, total } = run.counts;
  setText(find("[data-run-done]", row), `${number(done)} / ${number(total)}`);
  const bar = find("progress", row);
  bar.max = total || 1;
  bar.value = done;
  bar.classList.toggle("progress-idle", run.status !== "running");
  setStatusPill(find(".pill", row), run.status);
  const place = find("[data-run-queue]", row);
  place.hidden = run.status !== "queued";
  setText(place, queueWords(run.queue_position));
  setText(find("[data-run-duration]", row), duration(run.duration_s));
  if (!run.simulated && done > 0) {
    setText(find("[data-run-cost]", row), spent(run.usage ?? {}));
  }
  if (run.score) {
    find("[data-run-score]", row).replaceChildren(...scoreParts(run.score));
  }
}

/* As the macro `score` of macros/status.html. */
function scoreParts({ value, ci95 }) {
  const parts = [make("span", { class: "score" }, percent(value))];
  if (ci95) {
    const words = make("span", { class: "sr" }, ", 95% interval ");
    parts.push(make("span", { class: "interval" }, words, interval(ci95)));
  }
  return parts;
}
