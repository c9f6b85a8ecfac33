/* What the chosen benchmark is: its protocols, its facts, an example. */

import { find, make, setText } from "../lib/dom.js";
import { get } from "../lib/api.js";
import { number } from "../lib/format.js";
import { showDefaults } from "./default_values.js";
import { toast } from "./toast.js";

/** Each benchmark has its own protocols; the first option is its default. */
export function offerProtocols(picker, radio) {
  const select = picker.closest("form").elements.protocol;
  if (!(select instanceof HTMLSelectElement)) {
    return;
  }
  const names = radio.dataset.protocols.split(" ").filter(Boolean);
  const wanted = names.includes(select.value) ? select.value : "";
  const options = names.map((name) => make("option", { value: name }, name));
  select.replaceChildren(make("option", { value: "" }, "Default of the benchmark"), ...options);
  select.value = wanted;
}

export async function showDetail(picker, name) {
  const panel = find("[data-benchmark-detail]", picker);
  const base = picker.closest("form").dataset.benchmarksUrl;
  try {
    const benchmark = await get(`${base}/${encodeURIComponent(name)}`);
    const current = find("[name=benchmark]:checked", picker)?.value;
    if (current !== name) {
      return;
    }
    fill(panel, benchmark);
    showDefaults(picker.closest("form"), benchmark);
    panel.hidden = false;
  } catch (error) {
    panel.hidden = true;
    toast(error.message, "bad");
  }
}

function fill(panel, benchmark) {
  const source = benchmark.source ?? {};
  const values = {
    title: benchmark.title,
    description: benchmark.description,
    samples: number(benchmark.samples),
    metric: benchmark.metric,
    scorer: benchmark.scorer,
    license: benchmark.license,
    dataset: source.dataset || source.kind || "generated",
  };
  for (const [key, value] of Object.entries(values)) {
    setText(find(`[data-detail="${key}"]`, panel), String(value ?? "–"));
  }
  const link = find("[data-detail-link]", panel);
  link.href = link.dataset.detailLink.replace("NAME", encodeURIComponent(benchmark.name));
  fillExample(panel, benchmark.example);
}

function fillExample(panel, example) {
  const box = find("[data-detail-example]", panel);
  box.hidden = !example;
  if (!example) {
    return;
  }
  const messages = example.messages ?? example.input ?? [];
  const text = typeof example === "string" ? example : messages.map((m) => m.content).join("\n\n");
  setText(find('[data-detail="example"]', panel), text);
  setText(find('[data-detail="target"]', panel), [example.target ?? "–"].flat().join(" or "));
}
