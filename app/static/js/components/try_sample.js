/* Asks one real sample of the run in the form, and shows prompt, answer, verdict, cost and time. */

import { find, make, setText } from "../lib/dom.js";
import { postForm } from "../lib/api.js";
import { duration, usd } from "../lib/format.js";
import { OUTCOME } from "../lib/words.js";

export function start(panel) {
  const form = panel.closest("form");
  const button = find("[data-try-button]", panel);
  panel.hidden = false;
  button.addEventListener("click", () => ask(form, panel, button));
}

async function ask(form, panel, button) {
  const status = find("[data-try-status]", panel);
  const result = find("[data-try-result]", panel);
  button.disabled = true;
  button.dataset.busy = "";
  result.hidden = true;
  delete status.dataset.state;
  setText(status, "Asking the model");
  try {
    const { sample } = await postForm(panel.dataset.tryUrl, form);
    show(result, sample);
    setText(status, "");
  } catch (error) {
    status.dataset.state = "bad";
    setText(status, [error.message, error.action].filter(Boolean).join(" "));
  } finally {
    button.disabled = false;
    delete button.dataset.busy;
  }
}

function show(result, sample) {
  const [word, tone] = OUTCOME[sample.outcome] ?? [sample.outcome, "idle"];
  const pill = find("[data-try-outcome]", result);
  pill.className = `pill pill-${tone}`;
  setText(pill, word);
  const cost = sample.cost_usd === null ? "cost unknown" : usd(sample.cost_usd);
  setText(find("[data-try-facts]", result), `${duration(sample.duration_s)}, ${cost}`);
  const error = sample.error ? `${sample.error.message} ${sample.error.action ?? ""}` : "";
  const target = Array.isArray(sample.target) ? sample.target.join(" or ") : sample.target;
  put(result, "error", error);
  put(result, "answer", sample.completion);
  put(result, "found", sample.error ? "" : (sample.answer ?? "none found"));
  put(result, "target", target);
  put(result, "why", sample.explanation);
  const messages = sample.input.map(({ role, content }) =>
    make("div", { class: "try-message" }, make("span", { class: "small muted" }, role), make("pre", {}, content)),
  );
  find("[data-try-prompt]", result).replaceChildren(...messages);
  result.hidden = false;
}

/* What is empty is not shown, with its label. */
function put(result, name, text) {
  const node = find(`[data-try-${name}]`, result);
  setText(node, text.trim());
  node.hidden = text.trim() === "";
  const label = node.previousElementSibling;
  if (label?.tagName === "DT") {
    label.hidden = node.hidden;
  }
}
