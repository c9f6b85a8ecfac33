/* Writes a run's status into its pill. */

import { setText } from "../lib/dom.js";
import { STATUS } from "../lib/words.js";

export function setStatusPill(pill, status) {
  if (!pill) {
    return;
  }
  const [word, tone] = STATUS[status] ?? [status, "idle"];
  pill.className = `pill pill-${tone}${status === "running" ? " pill-pulse" : ""}`;
  setText(pill, word);
}
