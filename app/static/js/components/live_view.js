/* Writes what a live run reports into its page. */

import { find, findAll, make, setText } from "../lib/dom.js";
import {
  byteSize,
  clock,
  interval,
  milliseconds,
  moment,
  number,
  percent,
  remaining,
  spent,
  tokenSplit,
  tokensInAll,
  usd,
} from "../lib/format.js";
import { linked } from "../lib/links.js";
import { OUTCOME, queueWords } from "../lib/words.js";
import { setStatusPill } from "./status_pill.js";
import { Tab } from "./tab.js";

const MOST_SAMPLES = 10;
const MOST_LINES = 200;
const NEAR_END_PX = 40;

export class LiveView {
  constructor(root) {
    this.root = root;
    this.tab = new Tab(root.dataset);
    this.isCanceling = root.dataset.runState === "canceling";
    this.samples = find("[data-live-samples]", root);
    this.log = find("[data-live-log]", root);
    if (this.log) {
      this.log.scrollTop = this.log.scrollHeight;
    }
  }

  put(name, text) {
    setText(find(`[data-live="${name}"]`, this.root), text);
  }

  /* Answers under way still come in while a run is being canceled. */
  setStatus(status, done) {
    this.isCanceling = status === "canceling" || (this.isCanceling && status === "running");
    const shown = this.isCanceling ? "canceling" : status;
    setStatusPill(find("[data-run-status] .pill"), shown);
    this.tab.set(shown, done);
  }

  get lacksStart() {
    const cell = find('[data-live="started"]', this.root);
    return cell !== null && find("time", cell) === null;
  }

  setStarted(date) {
    if (this.lacksStart) {
      const at = date.toISOString();
      const time = make("time", { datetime: at, "data-time": "moment" }, moment(date));
      find('[data-live="started"]', this.root).replaceChildren(time);
    }
  }

  setProgress(progress) {
    const { done, total, score } = progress;
    const bar = find('[data-live="bar"]', this.root);
    bar.max = total || 1;
    bar.value = done;
    this.put("done", number(done));
    this.put("total", number(total));
    this.put("score", percent(score?.value));
    if (score?.ci95) {
      this.put("interval", `95% interval ${interval(score.ci95)}`);
    }
    this.setStatus(progress.status, done / (total || 1));
    this.setSpend(progress);
    this.setPace(progress);
    this.setOutcomes(progress.counts);
    this.setWaiting(progress.waiting);
    this.setPreparing(progress.preparing);
  }

  setSpend(progress) {
    const { done, judge_cost_usd: judgeUsd } = progress;
    const cost = find('[data-live="cost"]', this.root);
    if (cost && !("free" in cost.dataset)) {
      setText(cost, soFar(progress.cost_usd, done, spent(progress)));
    }
    this.put("judge-cost", soFar(judgeUsd, done, usd(judgeUsd)));
    this.put("tokens", tokensInAll(progress));
    this.put("tokens-split", tokenSplit(progress));
  }

  setPace({ status, eta_s: etaS, rate_per_s: rate, retries, counts, queue_position: before }) {
    const queued = status === "queued";
    const hasEta = etaS !== null && etaS !== undefined;
    const eta = hasEta ? `About ${remaining(etaS)} left` : "Estimating";
    this.put("eta", queued ? queueWords(before) : eta);
    this.put("rate", rate ? `${rate.toFixed(1)} per second` : "");
    this.put("errors", number(counts?.error ?? 0));
    const calls = retries === 1 ? "call was" : "calls were";
    this.put("retries", retries ? `${number(retries)} ${calls} repeated` : "No call had to be repeated");
  }

  setOutcomes(counts) {
    const bar = find("[data-outcomes]", this.root);
    if (!bar || !counts) {
      return;
    }
    const rects = findAll("[data-outcome]", bar);
    const total = rects.reduce((sum, rect) => sum + (counts[rect.dataset.outcome] ?? 0), 0) || 1;
    let before = 0;
    for (const rect of rects) {
      const outcome = rect.dataset.outcome;
      const count = counts[outcome] ?? 0;
      rect.setAttribute("x", `${(100 * before) / total}%`);
      rect.setAttribute("width", `${(100 * count) / total}%`);
      rect.dataset.tip = `${OUTCOME[outcome]?.[0] ?? outcome}: ${number(count)}`;
      before += count;
      const row = find(`[data-outcome-row="${outcome}"]`, this.root);
      row.hidden = count === 0;
      setText(find("[data-outcome-count]", row), number(count));
    }
  }

  setWaiting(waiting) {
    const box = find("[data-waiting]", this.root);
    box.hidden = !waiting;
    if (waiting) {
      const reason = waiting.message?.trim() || "The provider asked to slow down";
      const stop = reason.endsWith(".") ? "" : ".";
      const left = remaining(waiting.resumes_in_s);
      setText(find("b", box), `Waiting for ${waiting.provider}`);
      setText(find("p", box), `${reason}${stop} The run continues by itself in about ${left}.`);
    }
  }

  /* What is done before the first call; calls end it. */
  setPreparing(preparing) {
    const box = find("[data-preparing]", this.root);
    box.hidden = !preparing;
    if (!preparing) {
      return;
    }
    const { message, done_bytes: done, total_bytes: total } = preparing;
    const isDownload = done !== null && done !== undefined;
    const size = total ? `${byteSize(done)} of ${byteSize(total)}` : byteSize(done);
    setText(find("b", box), message);
    setText(find("p", box), `${isDownload ? `${size}. ` : ""}The first call is made when all data is here.`);
    const bar = find("progress", box);
    bar.hidden = !total;
    bar.max = total || 1;
    bar.value = done ?? 0;
  }

  setNotices(notices) {
    if (!notices?.length) {
      return;
    }
    const box = find("[data-notices]", this.root);
    const lines = notices.map(({ message }) => message);
    const parts =
      lines.length === 1
        ? [make("b", {}, lines[0])]
        : [
            make("b", {}, "To know about this run"),
            make("ul", { class: "bullets" }, ...lines.map((line) => make("li", {}, line))),
          ];
    find(".banner-text", box).replaceChildren(...parts);
    box.hidden = false;
  }

  addLine({ at, kind, message }) {
    if (!this.log) {
      return;
    }
    const { scrollHeight, scrollTop, clientHeight } = this.log;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    find("[data-log-empty]", this.log)?.remove();
    this.log.append(
      make(
        "p",
        { class: `log-line log-${kind}` },
        make("time", { datetime: at, "data-time": "clock" }, clock(new Date(at))),
        make("span", { class: "log-kind" }, kind),
        make("span", { class: "log-text" }, ...linked(message)),
      ),
    );
    while (this.log.childElementCount > MOST_LINES) {
      this.log.firstElementChild.remove();
    }
    if (atEnd) {
      this.log.scrollTop = this.log.scrollHeight;
    }
  }

  addSample(sample) {
    if (!this.samples) {
      return;
    }
    const skeleton = find("[data-samples-skeleton]", this.root);
    if (skeleton) {
      skeleton.hidden = true;
    }
    this.samples.prepend(sampleRow(sample, this.sampleUrl(sample)));
    while (this.samples.childElementCount > MOST_SAMPLES) {
      this.samples.lastElementChild.remove();
    }
  }

  sampleUrl(sample) {
    if (sample.url) {
      return sample.url;
    }
    const id = sampleStep(String(sample.sample_id));
    return this.root.dataset.sampleUrl.replace("SAMPLE_ID", id).replace("987654", sample.epoch);
  }
}

/* The name of a sample in an address, coded unless it is plain: see SampleIdConverter. */
function sampleStep(id) {
  if (/^\w[\w.-]*$/.test(id)) {
    return id;
  }
  const bytes = String.fromCharCode(...new TextEncoder().encode(id));
  return `~${btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/* Before the first answer there is nothing to know yet. */
function soFar(amountUsd, done, text) {
  const isKnown = amountUsd !== null && amountUsd !== undefined;
  return done || isKnown ? text : "–";
}

function sampleRow(sample, url) {
  const [word, tone] = OUTCOME[sample.outcome] ?? [sample.outcome, "idle"];
  const answer = sample.answer ?? "no answer";
  return make(
    "tr",
    { "data-new": true },
    make(
      "th",
      { class: "wrap", scope: "row" },
      make(
        "a",
        { class: "sample-link", href: url },
        make("span", { class: "sample-preview" }, sample.preview ?? ""),
        make("span", { class: "mono small muted" }, String(sample.sample_id)),
      ),
    ),
    make("td", { class: "at-right" }, make("span", { class: `pill pill-${tone}` }, word)),
    make(
      "td",
      { class: "at-left answer" },
      ...(sample.error
        ? [make("span", { class: "small cell-error" }, sample.error)]
        : [
            make("span", { class: "only-s", "aria-hidden": "true" }, "Answer "),
            make("span", { class: "mono clip cell-answer" }, String(answer)),
          ]),
    ),
    make(
      "td",
      { class: "hide-s" },
      make("span", { class: "mono clip cell-answer" }, String(sample.target ?? "")),
    ),
    make("td", { class: "num at-right muted" }, milliseconds(sample.latency_ms)),
  );
}
