/* The model field as a combobox: discovered models are offered, any other may be typed. */

import { debounce, find, findAll, make, setText } from "../lib/dom.js";
import { get } from "../lib/api.js";
import { compact, usd } from "../lib/format.js";

const TYPING_MS = 200;
const OFFERED = 50;
const SUGGESTED = 6;

export function start(picker) {
  const form = picker.closest("form");
  const state = {
    form,
    picker,
    input: find("[data-combo-input]", picker),
    list: find("[data-combo-list]", picker),
    connection: "",
    models: [],
    at: -1,
    asked: null,
  };
  setUp(state);
  startConnections(state);
  picker.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-model-choice]");
    if (chip) {
      choose(state, chip.dataset.modelChoice);
    }
  });
  suggest(state);
}

/* Offers a few models at once, so that a first run needs no typing. */
async function suggest(state) {
  const box = find("[data-model-suggestions]", state.picker);
  if (!box.hidden) {
    return;
  }
  try {
    const { items } = await get(`${state.form.dataset.modelsUrl}?limit=${SUGGESTED}`);
    state.models = items;
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

function setUp(state) {
  const { input, list } = state;
  const attributes = {
    role: "combobox",
    "aria-expanded": "false",
    "aria-controls": list.id,
    "aria-autocomplete": "list",
  };
  for (const [name, value] of Object.entries(attributes)) {
    input.setAttribute(name, value);
  }
  const ask = debounce(() => open(state), TYPING_MS);
  input.addEventListener("input", (event) => {
    if (!event.detail?.chosen) {
      ask();
    }
  });
  input.addEventListener("click", () => open(state));
  input.addEventListener("keydown", (event) => onKey(state, event));
  input.addEventListener("blur", () => setTimeout(() => close(state), 150));
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const option = event.target.closest("[role=option]");
    if (option && option.getAttribute("aria-disabled") !== "true") {
      choose(state, option.dataset.value);
    }
  });
}

function startConnections(state) {
  const group = find("[data-connections]", state.picker);
  group.hidden = false;
  group.addEventListener("click", (event) => {
    const button = event.target.closest("[data-connection]");
    if (!button) {
      return;
    }
    state.connection = button.dataset.connection;
    for (const other of findAll("[data-connection]", group)) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    state.input.value = state.connection ? `${state.connection}/` : "";
    state.input.focus();
    open(state);
  });
}

async function open(state) {
  const { input, list, form } = state;
  state.asked?.abort();
  state.asked = new AbortController();
  const query = new URLSearchParams({ limit: OFFERED });
  if (state.connection) {
    query.set("connection", state.connection);
  }
  const words = input.value.trim();
  if (words && words !== `${state.connection}/`) {
    query.set("q", words);
  }
  const benchmark = find("[name=benchmark]:checked", form);
  if (benchmark) {
    query.set("benchmark", benchmark.value);
  }
  try {
    const { items } = await get(`${form.dataset.modelsUrl}?${query}`, { signal: state.asked.signal });
    state.models = items;
    show(state);
  } catch (error) {
    if (error.name !== "AbortError") {
      list.replaceChildren(make("li", { class: "combo-empty" }, error.message));
      reveal(state, true);
    }
  }
}

function show(state) {
  const { list, models } = state;
  state.at = -1;
  if (models.length === 0) {
    const text = "No discovered model fits. You can still type connection/model-id.";
    list.replaceChildren(make("li", { class: "combo-empty" }, text));
  } else {
    list.replaceChildren(...models.map(option));
  }
  reveal(state, document.activeElement === state.input);
}

function option(model, index) {
  const price = model.price;
  const notes = [];
  if (model.compatible === false) {
    notes.push(model.reason || "does not fit this benchmark");
  } else if (model.simulated) {
    notes.push("free");
  } else if (price) {
    notes.push(`${usd(price.input_usd_per_mtok)} in, ${usd(price.output_usd_per_mtok)} out per M`);
  } else {
    notes.push("price unknown");
  }
  if (model.context_tokens) {
    notes.push(`${compact(model.context_tokens)} context`);
  }
  return make(
    "li",
    {
      class: "combo-option",
      id: `model-option-${index}`,
      role: "option",
      "aria-selected": "false",
      "aria-disabled": model.compatible === false ? "true" : null,
      "data-value": model.id,
    },
    make("span", { class: "mono" }, model.id),
    model.simulated ? make("span", { class: "tag tag-simulated" }, "Simulated") : null,
    make("span", { class: "combo-note" }, notes.join(", ")),
  );
}

function onKey(state, event) {
  const options = findAll("[role=option]", state.list);
  const isOpen = !state.list.hidden;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (!isOpen) {
      open(state);
      return;
    }
    const step = event.key === "ArrowDown" ? 1 : -1;
    state.at = (state.at + step + options.length) % (options.length || 1);
    mark(state, options);
  } else if (event.key === "Enter" && isOpen && state.at >= 0) {
    event.preventDefault();
    choose(state, options[state.at].dataset.value);
  } else if (event.key === "Escape" && isOpen) {
    event.preventDefault();
    close(state);
  }
}

function mark(state, options) {
  options.forEach((node, index) => node.setAttribute("aria-selected", String(index === state.at)));
  const current = options[state.at];
  if (current) {
    state.input.setAttribute("aria-activedescendant", current.id);
    current.scrollIntoView({ block: "nearest" });
  }
}

function choose(state, id) {
  const { input, models, picker } = state;
  input.value = id;
  close(state);
  input.dispatchEvent(new CustomEvent("input", { bubbles: true, detail: { chosen: true } }));
  const model = models.find((item) => item.id === id);
  const note = find("[data-model-note]", picker);
  note.hidden = !model?.simulated;
  setText(note, model?.simulated ? "Simulated: answers are invented and cost nothing." : "");
}

function close(state) {
  state.input.removeAttribute("aria-activedescendant");
  reveal(state, false);
}

function reveal(state, visible) {
  state.list.hidden = !visible;
  state.input.setAttribute("aria-expanded", String(visible));
}
