/* Follows a run: server-sent events, or polling where they are not to be had. */

import { find, setText } from "../lib/dom.js";
import { get } from "../lib/api.js";
import { reloadWhenIdle } from "../lib/reload.js";
import { FINAL } from "../lib/words.js";
import { LiveChart } from "./live_chart.js";
import { LiveView } from "./live_view.js";
import { toast } from "./toast.js";

const POLL_MS = 2000;
const QUEUE_MS = 3000;
const TRY_STREAM_AGAIN_MS = 30000;
const RELOAD_MS = 600;
const MOST_RELOADS = 3;
const LOOP_MS = 15000;

export function start(root) {
  const follower = new Follower(root);
  follower.connect();
  follower.followQueue();
}

class Follower {
  constructor(root) {
    this.root = root;
    this.view = new LiveView(root);
    this.chart = new LiveChart(find("[data-live-chart]", root));
    this.poller = null;
    this.ended = false;
    this.isAskingForStart = false;
    this.isQueued = root.dataset.runState === "queued";
  }

  connect() {
    const source = new EventSource(this.root.dataset.eventsUrl);
    const on = (type, handle) =>
      source.addEventListener(type, (event) => handle(JSON.parse(event.data)));
    source.addEventListener("open", () => {
      this.stopPolling();
      this.say("live", "Live");
    });
    on("progress", (progress) => this.take(progress));
    on("notices", ({ notices }) => this.view.setNotices(notices));
    on("preparing", (step) => this.view.setPreparing(step));
    on("event", (line) => this.view.addLine(line));
    on("sample", (sample) => this.view.addSample(sample));
    on("status", ({ status }) => {
      this.isQueued = status === "queued";
      this.view.setStatus(status);
      if (status === "queued") {
        this.view.setPreparing(null);
      }
    });
    on("done", ({ status }) => {
      source.close();
      this.end(status);
    });
    source.addEventListener("error", () => {
      // CLOSED: the server refused (503). Otherwise the browser tries again by itself.
      if (source.readyState === EventSource.CLOSED && !this.ended) {
        this.poll();
        setTimeout(() => this.ended || this.connect(), TRY_STREAM_AGAIN_MS);
      } else if (!this.ended) {
        this.say("lost", "Connection lost, trying again");
      }
    });
    addEventListener("pagehide", () => source.close(), { once: true });
  }

  /* No event says that the runs before this one were taken. */
  followQueue() {
    setInterval(() => {
      if (this.isQueued && !this.ended && !this.poller && !document.hidden) {
        this.ask();
      }
    }, QUEUE_MS);
  }

  take(progress) {
    this.isQueued = progress.status === "queued";
    this.view.setProgress(progress);
    this.view.setNotices(progress.notices);
    this.chart?.add(progress.done, progress.score);
    if (progress.started_at) {
      this.view.setStarted(new Date(progress.started_at));
    } else if (progress.status === "running" && this.view.lacksStart) {
      this.askForStart();
    }
  }

  /* The stream does not say when a queued run started; the run itself does. */
  async askForStart() {
    if (this.isAskingForStart) {
      return;
    }
    this.isAskingForStart = true;
    try {
      const run = await get(this.root.dataset.pollUrl);
      if (run.started_at) {
        this.view.setStarted(new Date(run.started_at));
      }
    } catch {
      // The next progress asks again.
    } finally {
      this.isAskingForStart = false;
    }
  }

  poll() {
    this.say("live", "Updating every 2 s");
    this.stopPolling();
    this.poller = setInterval(() => this.ask(), POLL_MS);
    this.ask();
  }

  async ask() {
    try {
      const run = await get(this.root.dataset.pollUrl);
      this.take(progressOf(run));
      if (FINAL.has(run.status)) {
        this.stopPolling();
        this.end(run.status);
      }
    } catch {
      // Asked beside a stream for the place in the queue: the stream says how the connection is.
      if (this.poller) {
        this.say("lost", "Connection lost, trying again");
      }
    }
  }

  stopPolling() {
    clearInterval(this.poller);
    this.poller = null;
  }

  /* The final page is the server's; a counter keeps a lagging server from causing a loop. */
  end(status) {
    if (this.ended) {
      return;
    }
    this.ended = true;
    this.view.setStatus(status);
    this.say("done", "Finished");
    const reloads = recentReloads(this.root.dataset.pollUrl);
    if (reloads >= MOST_RELOADS) {
      toast("The run has ended. Reload the page to see its result.");
      return;
    }
    setTimeout(reloadWhenIdle, RELOAD_MS * (1 + 2 * reloads));
  }

  say(state, text) {
    const note = find("[data-live-note]", this.root);
    note.dataset.state = state;
    setText(note, text);
  }
}

/* Counts this reload and returns how many came just before; a resumed run starts at none. */
function recentReloads(address) {
  const key = `reloads:${address}`;
  const { count, at } = JSON.parse(sessionStorage.getItem(key) ?? '{"count": 0, "at": 0}');
  const recent = Date.now() - at < LOOP_MS ? count : 0;
  sessionStorage.setItem(key, JSON.stringify({ count: recent + 1, at: Date.now() }));
  return recent;
}

function progressOf(run) {
  return {
    status: run.canceling ? "canceling" : run.status,
    queue_position: run.queue_position,
    started_at: run.started_at,
    done: run.counts.done,
    total: run.counts.total,
    counts: run.counts,
    score: run.score,
    ...run.usage,
    eta_s: run.eta_s,
    rate_per_s: run.rate_per_s,
    retries: run.retries,
    waiting: run.waiting ?? null,
    preparing: run.preparing ?? null,
    notices: run.notices,
  };
}
