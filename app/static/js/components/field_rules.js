/* Says what is wrong with a field while it is typed; rules and words come from the server. */

import { debounce, find, findAll, setText } from "../lib/dom.js";

const PAUSE_MS = 400;
const NUMBER = /^[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

export function start(form) {
  for (const field of findAll("[data-rule]", form)) {
    const check = () => tell(field, wrongWith(field));
    const later = debounce(check, PAUSE_MS);
    // What has become right is told at once; what may be half typed has its time. Not on leaving
    // the field: the line would push away what is just being clicked.
    field.addEventListener("input", () => (wrongWith(field) ? later() : check()));
  }
}

/** The fields that are not as the server takes them: [label, what is wrong]. */
export function wrongFields(form) {
  return findAll("[data-rule]", form)
    .map((field) => [field.labels[0].firstChild.textContent.trim(), wrongWith(field)])
    .filter(([, words]) => words);
}

function wrongWith(field) {
  const rule = JSON.parse(field.dataset.rule);
  const text = field.value.trim();
  if (text === "") {
    return rule.words.missing ?? "";
  }
  const broken = rule.none && text.toLowerCase() === "none" ? "" : CHECKS[rule.kind](text, rule);
  return broken ? rule.words[broken] : "";
}

/* Each names what is broken: one of the rule's words. */
const CHECKS = {
  any: () => "",
  whole: ofNumber,
  number: ofNumber,
  object: (text) => (isObject(text) ? "" : "kind"),
  pattern: (text, { pattern }) => (new RegExp(`^(?:${pattern})$`).test(text) ? "" : "kind"),
};

function ofNumber(text, { kind, least, most, above }) {
  const value = NUMBER.test(text) ? Number(text.replaceAll("_", "")) : NaN;
  if (Number.isNaN(value) || (kind === "whole" && !Number.isInteger(value))) {
    return "kind";
  }
  if (value < least) {
    return "least";
  }
  if (value > most) {
    return "most";
  }
  return value <= above ? "above" : "";
}

function isObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function tell(field, words) {
  const line = find(`#${field.id}-error`);
  setText(find("span", line), words);
  line.hidden = words === "";
  if (words) {
    field.setAttribute("aria-invalid", "true");
  } else {
    field.removeAttribute("aria-invalid");
  }
}
