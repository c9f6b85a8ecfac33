/* Keeps the rows of runs under way up to date, and loads the page anew when one of them ends. */

import { get } from "../lib/api.js";
import { find, findAll, setText } from "../lib/dom.js";
import { interval, number, percent } from "../lib/format.js";

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
  if (run.score) {
    const value = find(".score", row);
    setText(value, percent(run.score.value));
    setText(find("[data-interval]", row), interval(run.score.ci95));
  }
}
