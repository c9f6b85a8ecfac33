/* Asks what the chosen run would cost, and lists what should be true before it starts. */

import { debounce, find, make, setText } from "../lib/dom.js";
import { post } from "../lib/api.js";
import { compact, duration, number, range, usd } from "../lib/format.js";
import { isJudged } from "../lib/judged.js";
import { wrongFields } from "./field_rules.js";
import { withSkeleton } from "./skeleton.js";
import { nameStart } from "./start_button.js";

const TYPING_MS = 350;

export function start(form) {
  const panel = find("[data-estimate]");
  const state = { form, panel, asked: null, question: "" };
  const soon = debounce(() => refresh(state), TYPING_MS);
  const update = () => {
    const question = keyOf(form);
    if (question !== state.question) {
      state.question = question;
      nameStart(form, null); // an answer to another question is not shown as this one's
      soon();
    }
  };
  form.addEventListener("input", update);
  form.addEventListener("change", update);
  state.question = keyOf(form);
  refresh(state);
}

function wanted(form) {
  const data = new FormData(form);
  const text = (name) => String(data.get(name) ?? "").trim();
  const lines = (name) => text(name).split("\n").map((line) => line.trim()).filter(Boolean);
  const ids = lines("sample_ids");
  const count = (name) => (/^\d+$/.test(text(name)) ? Number(text(name)) : undefined);
  const amount = (name) => (Number(text(name)) > 0 ? Number(text(name)) : undefined);
  return {
    benchmark: text("benchmark"),
    benchmark_version: count("benchmark_version"),
    model: text("model"),
    limit: count("limit"),
    order: text("order") || undefined,
    sample_seed: count("sample_seed"),
    sample_ids: ids.length > 0 ? ids : undefined,
    epochs: count("epochs"),
    max_tokens: count("max_tokens"),
    thinking_tokens: count("thinking_tokens"),
    reasoning_effort: text("reasoning_effort") || undefined,
    protocol: text("protocol") || undefined,
    judge: text("judge") || undefined,
    budget_usd: amount("budget_usd"),
  };
}

const keyOf = (form) => JSON.stringify([wanted(form), wrongFields(form)]);

const lacksJudge = (form, { judge }) => isJudged(form) && !/^[^/]+\/.+/.test(judge ?? "");

const isComplete = ({ benchmark, model }) => benchmark !== "" && /^[^/]+\/.+/.test(model);

async function refresh(state) {
  const { form, panel } = state;
  const question = wanted(form);
  state.asked?.abort();
  const result = find("[data-estimate-result]", panel);
  const empty = find("[data-estimate-empty]", panel);
  const status = find("[data-estimate-status]", panel);
  nameStart(form, null);
  const wrong = wrongFields(form).map(([label, words]) => ({
    state: "fail",
    message: `${label}: ${words}`,
  }));
  if (!isComplete(question) || lacksJudge(form, question) || wrong.length > 0) {
    result.hidden = true;
    empty.hidden = wrong.length > 0;
    setText(status, "");
    showChecks(panel, [...wrong, ...openChecks(form, question)]);
    allowStart(panel, true);
    return;
  }
  empty.hidden = true;
  state.asked = new AbortController();
  const { signal } = state.asked;
  try {
    const ask = () => post(form.dataset.estimateUrl, question, { signal });
    const estimate = await withSkeleton(find("[data-estimate-loading]", panel), result, ask);
    fill(panel, estimate, isJudged(form));
    result.hidden = false;
    setText(status, "Estimate ready");
    showChecks(panel, estimate.checks);
    nameStart(form, estimate);
    allowStart(panel, estimate.checks.every((check) => check.state !== "fail"));
  } catch (error) {
    if (error.name === "AbortError") {
      return;
    }
    state.question = ""; // the next change asks again
    nameStart(form, null, "cost unknown");
    result.hidden = true;
    setText(status, "");
    showChecks(panel, [
      ...openChecks(form, question),
      { state: "fail", message: error.message, action: error.action },
    ]);
    allowStart(panel, true); // the form then says at which field
  }
}

function fill(panel, estimate, judged) {
  const put = (name, text) => setText(find(`[data-estimate-${name}]`, panel), text);
  const known = estimate.price_known && estimate.cost_usd;
  put("cost", known ? range(estimate.cost_usd, usd) : "Unknown price");
  put("basis", basis(estimate, known));
  find("[data-estimate-judged]", panel).hidden = !judged;
  put("judge", judged ? range(estimate.judge_cost_usd, usd) : "");
  put("samples", number(estimate.samples));
  put("calls", number(estimate.calls));
  put("input", tokens(estimate.input_tokens));
  put("output", tokens(estimate.output_tokens));
  put("duration", range(estimate.duration_s, duration));
}

function tokens(value) {
  return typeof value === "object" ? range(value, compact) : compact(value);
}

function basis(estimate, known) {
  if (!known) {
    return "No price is known for this model, so the cost cannot be estimated.";
  }
  const words = [estimate.basis, estimate.price_source && `Prices: ${estimate.price_source}`]
    .filter(Boolean)
    .join(". ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function openChecks(form, question) {
  const checks = [
    { state: question.benchmark ? "ok" : "todo", message: "Benchmark chosen" },
    {
      state: isComplete({ benchmark: "-", model: question.model }) ? "ok" : "todo",
      message: "Model chosen",
      action: question.model ? null : "As connection/model-id",
    },
  ];
  if (isJudged(form)) {
    checks.push({
      state: lacksJudge(form, question) ? "todo" : "ok",
      message: "Judge chosen",
      action: question.judge ? null : "A second model scores the answers of this benchmark.",
    });
  }
  return checks;
}

/* What is wrong comes first, what is well last. */
const ORDER = ["fail", "todo", "warn", "ok"];

function showChecks(panel, checks) {
  const icons = find("[data-check-icons]", panel).content;
  const words = { ok: "Done", warn: "Note", fail: "Problem", todo: "Open" };
  const sorted = checks.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  const items = sorted.map((check) =>
    make(
      "li",
      { class: "check-item", "data-state": check.state },
      find(`[data-state="${check.state}"]`, icons)?.firstElementChild.cloneNode(true),
      make(
        "span",
        {},
        make("span", { class: "sr" }, `${words[check.state] ?? ""}: `),
        check.message,
        check.action ? make("span", { class: "check-detail" }, check.action) : null,
      ),
    ),
  );
  find("[data-estimate-checks]", panel).replaceChildren(...items);
}

/* The server refuses a start that a check forbids, too: the button only says so before. */
function allowStart(panel, may) {
  find("[data-start]", panel).disabled = !may;
}
