/* The running score with its interval, drawn as it grows. x is in percent, y in pixels. */

import { find, makeSvg } from "../lib/dom.js";
import { percent } from "../lib/format.js";

const HEIGHT = 190;
const WIDTH = 1000;
const MOST_POINTS = 160;
const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25];

export class LiveChart {
  constructor(figure) {
    this.figure = figure;
    this.points = figure ? JSON.parse(figure.dataset.points || "[]") : [];
    this.due = false;
    if (this.points.length > 1) {
      this.draw();
    }
  }

  add(done, score) {
    const isKnown = score && score.value !== null && score.value !== undefined;
    const last = this.points.at(-1);
    if (!this.figure || !isKnown || !score.ci95 || done <= (last?.done ?? 0)) {
      return;
    }
    const [low, high] = score.ci95;
    this.points.push({ done, value: score.value, low, high });
    if (this.points.length > MOST_POINTS) {
      const end = this.points.length - 1;
      this.points = this.points.filter((point, index) => index % 2 === 0 || index === end);
    }
    if (!this.due) {
      this.due = true;
      requestAnimationFrame(() => {
        this.due = false;
        this.draw();
      });
    }
  }

  draw() {
    if (this.points.length < 2) {
      return;
    }
    find("[data-chart-skeleton]", this.figure).hidden = true;
    const box = find("[data-chart-plot]", this.figure);
    box.hidden = false;
    box.replaceChildren(plot(this.points));
  }
}

function scaleOf(points) {
  const low = Math.max(0, Math.min(...points.map((point) => point.low)) - 0.03);
  const high = Math.min(1, Math.max(...points.map((point) => point.high)) + 0.03);
  const first = points[0].done;
  const last = points.at(-1).done;
  return {
    low,
    high,
    first,
    last,
    x: (done) => (done - first) / (last - first || 1),
    y: (value) => HEIGHT - ((value - low) / (high - low || 1)) * HEIGHT,
  };
}

function plot(points) {
  const scale = scaleOf(points);
  const last = points.at(-1);
  const words =
    `Score ${percent(last.value)} after ${last.done} samples, ` +
    `95% interval ${percent(last.low)} to ${percent(last.high)}.`;
  return makeSvg(
    "svg",
    { class: "plot live-plot", width: "100%", height: HEIGHT + 40, role: "img", "aria-label": words },
    ...yTicks(scale),
    ...xTicks(scale),
    makeSvg("line", { class: "axis", x1: 0, x2: "100%", y1: HEIGHT, y2: HEIGHT }),
    curves(points, scale),
    makeSvg("circle", { class: "dot s1 last", cx: "100%", cy: scale.y(last.value), r: 3.5 }),
  );
}

function curves(points, scale) {
  const at = (point, value) => `${(scale.x(point.done) * WIDTH).toFixed(1)},${scale.y(value).toFixed(1)}`;
  const upper = points.map((point) => at(point, point.high));
  const lower = points.map((point) => at(point, point.low)).reverse();
  const line = points.map((point) => at(point, point.value));
  return makeSvg(
    "svg",
    {
      x: 0,
      y: 0,
      width: "100%",
      height: HEIGHT,
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    makeSvg("path", { class: "band s1", d: `M${[...upper, ...lower].join("L")}Z` }),
    makeSvg("path", { class: "line s1", d: `M${line.join("L")}` }),
  );
}

function yTicks(scale) {
  const span = scale.high - scale.low;
  const step = STEPS.find((size) => span / size <= 5) ?? 0.5;
  const marks = [];
  for (let tick = Math.ceil(scale.low / step) * step; tick <= scale.high + 1e-9; tick += step) {
    const y = scale.y(tick);
    marks.push(
      makeSvg("line", { class: "grid", x1: 0, x2: "100%", y1: y, y2: y }),
      makeSvg("text", { class: "tick", x: -8, y: y + 4, "text-anchor": "end" }, percent(tick, 0)),
    );
  }
  return marks;
}

function xTicks(scale) {
  const span = scale.last - scale.first;
  const rough = span / 6;
  const unit = 10 ** Math.floor(Math.log10(rough || 1));
  const step = Math.max(1, [1, 2, 5, 10].map((size) => size * unit).find((size) => size >= rough) ?? unit);
  const marks = [];
  for (let tick = Math.ceil(scale.first / step) * step; tick <= scale.last; tick += step) {
    const x = `${(scale.x(tick) * 100).toFixed(2)}%`;
    marks.push(
      makeSvg("text", { class: "tick", x, y: HEIGHT + 18, "text-anchor": "middle" }, String(tick)),
    );
  }
  const below = { class: "tick", x: "100%", y: HEIGHT + 34, "text-anchor": "end" };
  marks.push(makeSvg("text", below, "samples"));
  return marks;
}
