/* Words and tones of statuses and outcomes, as the page brings them from app/template_filters. */

const words = JSON.parse(document.body.dataset.words);

export const STATUS = words.status;

export const OUTCOME = words.outcome;

/* What a queued run waits for; null: its place is not known. */
export function queueWords(position) {
  if (position === null || position === undefined) {
    return "Waiting for a worker";
  }
  return position ? `${position.toLocaleString("en")} before you` : "Next in line";
}

export const FINAL = new Set(["completed", "failed", "canceled", "paused"]);
