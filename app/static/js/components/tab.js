/* Title and icon of a live run's browser tab; as app/template_filters/tab.py. */

import { find } from "../lib/dom.js";
import { percent } from "../lib/format.js";
import { STATUS } from "../lib/words.js";

const STEP = 5;

export class Tab {
  constructor({ tabName, tabIcon }) {
    this.name = tabName;
    this.icon = tabIcon;
    this.done = 0;
  }

  set(status, done = this.done) {
    this.done = done;
    const [word, tone] = STATUS[status] ?? [status, "idle"];
    document.title = `${status === "running" ? percent(done, 0) : word} ${this.name} · OpenBench Studio`;
    const step = Math.floor((done * 100) / STEP) * STEP;
    const url = this.icon.replace("/idle/0", `/${tone}/${step}`);
    const link = find("link[rel=icon]");
    if (link.getAttribute("href") !== url) {
      link.href = url;
    }
  }
}
