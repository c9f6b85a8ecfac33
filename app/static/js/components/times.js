/* Turns the server's UTC times into local ones and keeps "5 min ago" true. */

import { findAll, setText } from "../lib/dom.js";
import { ago, clock, moment } from "../lib/format.js";

const EVERY_MS = 30000;
const WRITE = { ago, clock, moment };

function refreshTimes(root = document) {
  for (const node of findAll("time[data-time]", root)) {
    const date = new Date(node.dateTime);
    setText(node, WRITE[node.dataset.time](date));
    node.title = moment(date);
  }
}

export function startTimes() {
  refreshTimes();
  setInterval(refreshTimes, EVERY_MS);
}
