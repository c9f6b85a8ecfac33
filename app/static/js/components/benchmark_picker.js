/* Filters the benchmark cards and shows what the chosen one is. */

import { debounce, find, findAll, make, setText } from "../lib/dom.js";
import { get } from "../lib/api.js";
import { number } from "../lib/format.js";
import { isJudged } from "../lib/judged.js";
import { toast } from "./toast.js";

const TYPING_MS = 120;

export function start(picker) {
  const cards = findAll("[data-benchmark]", picker);
  const search = find("[data-benchmark-search]", picker);
  const categories = find("[data-categories]", picker);
  let category = "";

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const card of cards) {
      const fits =
        (!category || card.dataset.category === category) &&
        words.every((word) => card.dataset.text.includes(word));
      card.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    find("[data-benchmark-none]", picker).hidden = shown > 0;
  };

  categories.hidden = false;
  categories.addEventListener("click", (event) => {
    const button = event.target.closest("[data-category-pick]");
    if (!button) {
      return;
    }
    category = button.dataset.categoryPick;
    for (const other of findAll("[data-category-pick]", categories)) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    filter();
  });
  search.addEventListener("input", debounce(filter, TYPING_MS));
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      cards.find((card) => !card.hidden)?.querySelector("input").click();
    }
  });
  picker.addEventListener("change", (event) => {
    if (event.target.name === "benchmark") {
      follow(picker, event.target);
    }
  });

  picker.closest("form").elements.protocol?.addEventListener("change", () => askForJudge(picker));

  const chosen = find("[name=benchmark]:checked", picker);
  if (chosen) {
    chosen.closest("[data-benchmark]").scrollIntoView({ block: "nearest" });
    follow(picker, chosen);
  } else {
    askForJudge(picker);
  }
}

function follow(picker, radio) {
  offerProtocols(picker, radio);
  askForJudge(picker);
  showDetail(picker, radio.value);
}

/* Only some protocols are scored by a second model. What is wrong with it stays in sight. */
function askForJudge(picker) {
  const form = picker.closest("form");
  const input = find("[data-judge]", form);
  if (input) {
    const isShown = isJudged(form) || input.getAttribute("aria-invalid") === "true";
    input.disabled = !isShown;
    input.closest(".field").hidden = !isShown;
  }
}

/* Each benchmark has its own protocols; the first option is its default. */
function offerProtocols(picker, radio) {
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

async function showDetail(picker, name) {
  const panel = find("[data-benchmark-detail]", picker);
  const base = picker.closest("form").dataset.benchmarksUrl;
  try {
    const benchmark = await get(`${base}/${encodeURIComponent(name)}`);
    const current = find("[name=benchmark]:checked", picker)?.value;
    if (current !== name) {
      return;
    }
    fill(panel, benchmark);
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
