/* A field for a model as a combobox: discovered models are offered, any other may be typed. */

import { find, findAll, make } from "../lib/dom.js";
import { get } from "../lib/api.js";
import { compact, usd } from "../lib/format.js";
import { arrowStep, markOption } from "../lib/options.js";
import { moveOn } from "./enter_key.js";

const TYPING_MS = 200;
const LEAVING_MS = 150;
const OFFERED = 50;
const FAILURES_TOLD = 3;
const WHOLE = /^[^/\s]+\/\S+$/;

/* Why the models of a connection are missing here. */
const failureLine = ({ connection, message }) => {
  const says = message.startsWith(`${connection}:`) ? message : `${connection}: ${message}`;
  return make("li", { class: "combo-empty" }, says);
};

export class ModelCombo {
  /* `questions` returns what else to ask the server; `refuses` says why a model does not do. */
  constructor(box, modelsUrl, { questions = () => ({}), refuses = () => "", onChoose = () => {} } = {}) {
    this.input = find("[data-combo-input]", box);
    this.list = find("[data-combo-list]", box);
    this.modelsUrl = modelsUrl;
    this.questions = questions;
    this.refuses = refuses;
    this.onChoose = onChoose;
    this.models = [];
    this.failures = [];
    this.at = -1;
    this.asked = null;
    this.answeredFor = null;
    this.timer = null;
    this.setUp();
  }

  setUp() {
    const { input, list } = this;
    const attributes = {
      role: "combobox",
      "aria-expanded": "false",
      "aria-controls": list.id,
      "aria-autocomplete": "list",
    };
    for (const [name, value] of Object.entries(attributes)) {
      input.setAttribute(name, value);
    }
    input.addEventListener("input", (event) => {
      if (!event.detail?.chosen) {
        this.narrow();
      }
    });
    input.addEventListener("click", () => this.open());
    input.addEventListener("keydown", (event) => this.onKey(event));
    input.addEventListener("blur", () => setTimeout(() => this.leave(), LEAVING_MS));
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.take(event.target.closest("[role=option]"));
    });
  }

  /* What no longer fits goes at once, and an answer to earlier words with it; the server follows. */
  narrow() {
    this.stopAsking();
    const words = this.text.toLowerCase();
    this.models = this.models.filter(({ id }) => id.toLowerCase().includes(words));
    if (!this.list.hidden) {
      this.show();
    }
    this.timer = setTimeout(() => this.open(), TYPING_MS);
  }

  stopAsking() {
    clearTimeout(this.timer);
    this.asked?.abort();
    this.answeredFor = null;
  }

  get text() {
    return this.input.value.trim();
  }

  async open() {
    this.stopAsking();
    this.asked = new AbortController();
    const words = this.text;
    const { connection, ...others } = this.questions();
    const query = new URLSearchParams({ limit: OFFERED, ...others });
    if (connection) {
      query.set("connection", connection);
    }
    if (words && words !== `${connection}/`) {
      query.set("q", words);
    }
    try {
      const { signal } = this.asked;
      const found = await get(`${this.modelsUrl}?${query}`, { signal });
      this.models = found.items;
      this.failures = found.errors;
      this.answeredFor = words;
      this.show();
    } catch (error) {
      if (error.name !== "AbortError") {
        this.say(error.message);
        this.reveal(true);
      }
    }
  }

  show() {
    this.at = -1;
    if (this.models.length > 0) {
      this.list.replaceChildren(...this.models.map((model, index) => this.option(model, index)));
    } else if (this.answeredFor === null) {
      this.say("Searching");
    } else {
      this.say(
        WHOLE.test(this.text)
          ? "Not among the discovered models; it is used as typed."
          : "No discovered model fits. Type it as connection/model-id.",
      );
    }
    this.list.append(...this.failures.slice(0, FAILURES_TOLD).map(failureLine));
    this.reveal(document.activeElement === this.input);
  }

  say(text) {
    this.list.replaceChildren(make("li", { class: "combo-empty" }, text));
  }

  option(model, index) {
    const refusal = this.refuses(model);
    return make(
      "li",
      {
        class: "combo-option",
        id: `${this.list.id}-${index}`,
        role: "option",
        "aria-selected": "false",
        "aria-disabled": refusal ? "true" : null,
        "data-value": model.id,
      },
      make("span", { class: "mono" }, model.id),
      model.simulated ? make("span", { class: "tag tag-simulated" }, "Simulated") : null,
      make("span", { class: "combo-note" }, notesOf(model, refusal).join(", ")),
    );
  }

  onKey(event) {
    const options = findAll("[role=option]", this.list);
    const isOpen = !this.list.hidden;
    const next = arrowStep(event.key, this.at, options.length);
    if (next !== null) {
      event.preventDefault();
      if (!isOpen) {
        this.open();
        return;
      }
      this.at = next;
      markOption(this.input, options, next);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      event.stopPropagation();
      this.accept(isOpen ? options[this.at] : undefined);
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      this.close();
    }
  }

  /* Enter takes the marked model, else a whole name as typed, else the first that fits the words. */
  async accept(marked) {
    const words = this.text;
    if (marked) {
      this.take(marked);
    } else if (words && !WHOLE.test(words)) {
      if (this.answeredFor !== words) {
        await this.open();
      }
      const first = find("[role=option]:not([aria-disabled=true])", this.list);
      if (this.answeredFor !== words || this.text !== words || !first) {
        return;
      }
      this.take(first);
    }
    this.close();
    if (document.activeElement === this.input) {
      moveOn(this.input);
    }
  }

  take(option) {
    if (option && option.getAttribute("aria-disabled") !== "true") {
      this.choose(option.dataset.value);
    }
  }

  choose(id) {
    this.input.value = id;
    this.close();
    this.input.dispatchEvent(new CustomEvent("input", { bubbles: true, detail: { chosen: true } }));
    this.onChoose(this.models.find((model) => model.id === id));
  }

  close() {
    this.stopAsking();
    this.input.removeAttribute("aria-activedescendant");
    this.reveal(false);
  }

  leave() {
    if (document.activeElement !== this.input) {
      this.close();
    }
  }

  reveal(isVisible) {
    this.list.hidden = !isVisible;
    this.input.setAttribute("aria-expanded", String(isVisible));
  }
}

function notesOf(model, refusal) {
  const { price } = model;
  const notes = [];
  if (refusal) {
    notes.push(refusal);
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
  return notes;
}
