/* Keeps the rows of runs under way up to date, and loads the page anew when one of them ends or a
   run was started elsewhere. */

import { get } from "../lib/api.js";
import { find, findAll, make, setText } from "../lib/dom.js";
import { duration, interval, number, percent, spent } from "../lib/format.js";
import { isBusy, reload } from "../lib/reload.js";
import { queueWords } from "../lib/words.js";
import { setStatusPill } from "./status_pill.js";

const EVERY_MS = 3000;
const ACTIVE = "/api/v1/runs?status=queued,running&limit=200";
const NEWEST = "/api/v1/runs?limit=1";

export function start() {
  window.setTimeout(follow, EVERY_MS);
}

async function follow() {
  const rows = findAll("[data-run-row]");
  if (!document.hidden) {
    try {
      const { items } = rows.length > 0 ? await get(ACTIVE) : { items: [] };
      const active = new Map(items.map((run) => [run.run_id, run]));
      const hasEnded = rows.some((row) => !active.has(row.dataset.runRow));
      if (hasEnded || (await hasNewRun())) {
        // What is being typed or ticked is not thrown away for a number.
        if (!isBusy() && !find("[data-compare-pick]:checked")) {
          reload();
          return;
        }
        await Promise.all(rows.filter((row) => !active.has(row.dataset.runRow)).map(showEnd));
        sayChanged();
      }
      rows.forEach((row) => show(row, active.get(row.dataset.runRow)));
    } catch {
      // The next round may go through; the page stays as it is meanwhile.
    }
  }
  window.setTimeout(follow, EVERY_MS);
}

/* The last of a run that ended while the page could not be loaded anew. */
async function showEnd(row) {
  const run = await get(`/api/v1/runs/${row.dataset.runRow}`);
  show(row, run);
  delete row.dataset.runRow;
}

function sayChanged() {
  const note = find("[data-list-changed]");
  if (note) {
    note.hidden = false;
  }
}

async function hasNewRun() {
  const list = find("[data-newest-run]");
  if (!list) {
    return false;
  }
  const { items } = await get(NEWEST);
  return (items[0]?.run_id ?? "") !== list.dataset.newestRun;
}

function show(row, run) {
  if (!run) {
    return;
  }
  const { done } = run.counts;
  showProgress(row, run);
  setStatusPill(find(".pill", row), run.canceling ? "canceling" : run.status);
  setText(find("[data-run-errors]", row), number(run.counts.error));
  setText(find("[data-run-duration]", row), duration(run.duration_s));
  if (!run.simulated && done > 0) {
    setText(find("[data-run-cost]", row), spent(run.usage ?? {}));
  }
  if (run.score) {
    find("[data-run-score]", row)?.replaceChildren(...scoreParts(run.score));
  }
}

/* Any column may have been left out. */
function showProgress(row, { counts: { done, total }, status, queue_position: before }) {
  const bar = find("progress", row);
  if (!bar) {
    return;
  }
  setText(find("[data-run-done]", row), `${number(done)} / ${number(total)}`);
  bar.max = total || 1;
  bar.value = done;
  bar.classList.toggle("progress-idle", status !== "running");
  const place = find("[data-run-queue]", row);
  place.hidden = status !== "queued";
  setText(place, queueWords(before));
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
