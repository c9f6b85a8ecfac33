/* Words and tones of statuses and outcomes, as in the package app/template_filters. */

export const STATUS = {
  queued: ["Queued", "idle"],
  running: ["Running", "run"],
  paused: ["Paused", "warn"],
  completed: ["Done", "ok"],
  failed: ["Failed", "bad"],
  canceled: ["Canceled", "idle"],
};

export const OUTCOME = {
  correct: ["Correct", "ok"],
  partial: ["Partial", "warn"],
  incorrect: ["Wrong", "bad"],
  refused: ["Refused", "warn"],
  truncated: ["Truncated", "warn"],
  unparsable: ["Unparsable", "warn"],
  error: ["Error", "bad"],
  skipped: ["Skipped", "idle"],
};

/* What a queued run waits for; null: its place is not known. */
export function queueWords(position) {
  if (position === null || position === undefined) {
    return "Waiting for a worker";
  }
  return position ? `${position.toLocaleString("en")} ahead of you` : "Next in line";
}

export const FINAL = new Set(["completed", "failed", "canceled", "paused"]);
