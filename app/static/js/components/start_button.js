/* The button that starts a run says what it starts: benchmark, samples, model and cost. */

import { find, setText } from "../lib/dom.js";
import { number, range, usd } from "../lib/format.js";
import { isJudged } from "../lib/judged.js";

/** Name what the form starts; without an estimate, `cost` says how it stands with the cost. */
export function nameStart(form, estimate, cost = "cost not known yet") {
  const card = find("[name=benchmark]:checked", form)?.closest("[data-benchmark]");
  const model = form.elements.model.value.trim();
  let text = "Start run";
  if (card && model) {
    const benchmark = find(".bench-title", card).textContent;
    const samples = estimate ? `, ${sampleWords(estimate)}` : "";
    const price = estimate ? costWords(estimate, isJudged(form)) : cost;
    text = `Start: ${benchmark}${samples} on ${model}, ${price}`;
  }
  setText(find("[data-start-text]", form), text);
}

function sampleWords({ samples, calls }) {
  const words = `${number(samples)} ${samples === 1 ? "sample" : "samples"}`;
  return calls === samples ? words : `${words} (${number(calls)} calls)`;
}

function costWords(estimate, judged) {
  const parts = [estimate.price_known && estimate.cost_usd];
  if (judged) {
    parts.push(estimate.judge_cost_usd);
  }
  if (!parts.every(Boolean)) {
    return "price unknown";
  }
  const sum = (bound) => parts.reduce((total, part) => total + part[bound], 0);
  const total = { low: sum("low"), high: sum("high") };
  return total.high === 0 ? "free" : `about ${range(total, usd)}`;
}
