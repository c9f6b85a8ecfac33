/* The model of a run and, where its answers are judged, the judge. */

import { find, findAll, make, setText } from "../lib/dom.js";
import { get } from "../lib/api.js";
import { ModelCombo } from "./model_combo.js";

const SUGGESTED = 6;

export function start(picker) {
  const form = picker.closest("form");
  const { modelsUrl } = form.dataset;
  const chosen = { connection: "" };
  const model = new ModelCombo(find("[data-combo=model]", picker), modelsUrl, {
    questions: () => {
      const benchmark = find("[name=benchmark]:checked", form);
      return {
        connection: chosen.connection,
        ...(benchmark ? { benchmark: benchmark.value } : {}),
      };
    },
    refuses: (each) =>
      each.compatible === false ? each.reason || "does not fit this benchmark" : "",
    onChoose: (each) => note(picker, each),
  });
  const judge = find("[data-combo=judge]", picker);
  if (judge) {
    new ModelCombo(judge, modelsUrl, {
      refuses: (each) =>
        each.simulated && !isSimulated(model.input.value) ? "only for simulated runs" : "",
    });
  }
  startConnections(picker, model, chosen);
  picker.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-model-choice]");
    if (chip) {
      model.choose(chip.dataset.modelChoice);
    }
  });
  suggest(picker, model);
}

const isSimulated = (id) => id.trim() === "" || id.startsWith("simulated/");

function note(picker, model) {
  const line = find("[data-model-note]", picker);
  line.hidden = !model?.simulated;
  setText(line, model?.simulated ? "Simulated: answers are invented and cost nothing." : "");
}

/* Offers a few models at once, so that a first run needs no typing. */
async function suggest(picker, model) {
  const box = find("[data-model-suggestions]", picker);
  if (!box.hidden) {
    return;
  }
  try {
    const { items } = await get(`${model.modelsUrl}?limit=${SUGGESTED}`);
    model.models = model.models.length > 0 ? model.models : items;
    find("[data-model-chips]", box).replaceChildren(...items.slice(0, SUGGESTED).map(chipOf));
    box.hidden = items.length === 0;
  } catch {
    // The field itself still works; it says what is wrong when it is used.
  }
}

function chipOf(model) {
  return make(
    "button",
    { class: "chip mono", type: "button", "data-model-choice": model.id },
    model.id,
    model.simulated ? make("span", { class: "tag tag-simulated" }, "Simulated") : null,
  );
}

function startConnections(picker, model, chosen) {
  const group = find("[data-connections]", picker);
  group.hidden = false;
  group.addEventListener("click", (event) => {
    const button = event.target.closest("[data-connection]");
    if (!button) {
      return;
    }
    chosen.connection = button.dataset.connection;
    for (const other of findAll("[data-connection]", group)) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    model.input.value = chosen.connection ? `${chosen.connection}/` : "";
    model.input.focus();
    model.open();
  });
}
