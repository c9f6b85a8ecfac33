/* The keys of a page: links and buttons that name theirs ("n", "g r") are pressed by them, others
   are below. The sheet lists what is bound, as it is bound. Ctrl K (or Cmd K) opens the palette. */

import { delegate, find, findAll, make, nameOf, setText } from "../lib/dom.js";
import { prefer } from "../lib/preference.js";

const SECOND_KEY_MS = 2000;
const IS_MAC = /Mac|iP/.test(navigator.platform);
const TYPED_IN =
  "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button], [type=submit])";
const NAMES = { Escape: "Esc" };

/* Keys, what they do, the element that must be there, and what is done with it (by the browser itself
   where nothing is said). The page's own links and buttons come first. */
const OTHERS = [
  ["/", "Search", "[data-search]", (field) => field.select()],
  ["j", "Next row", "[data-step]", () => step(1)],
  ["k", "Previous row", "[data-step]", () => step(-1)],
  ["Enter", "Open the row", "a[data-step]"],
  ["x", "Select the row", "[data-compare-pick]", () => ofRow("[data-compare-pick]")?.click()],
  ["x", "Mark the row for review", "[data-mark-rows]", () => ofRow("[data-step]")?.dispatchEvent(new CustomEvent("mark", { bubbles: true }))],
];

let first = "";
let forgetting;

export function startKeys() {
  document.addEventListener("keydown", onKey);
  delegate("click", "[data-dialog-open=keys]", listKeys);
  delegate("change", "[data-keys-switch]", (event, box) => prefer("keys", box.checked ? "on" : "off"));
  if (IS_MAC) {
    findAll("[data-palette-key]").forEach((node) => setText(node, "⌘ K"));
  }
}

function bindings() {
  const named = findAll("[data-key]:not([hidden] *)").map((node) => ({
    keys: node.dataset.key,
    label: nameOf(node),
    node,
    press: () => node.click(),
  }));
  const others = OTHERS.flatMap(([keys, label, selector, press]) => {
    const node = find(selector);
    return node ? [{ keys, label, node, press: press && (() => press(node)) }] : [];
  });
  return [...named, ...others].filter(
    ({ keys }, at, all) => all.findIndex((other) => other.keys === keys) === at,
  );
}

function onKey(event) {
  if (!event.key) {
    return; // a browser that fills in a form
  }
  if (event.key.toLowerCase() === "k" && (IS_MAC ? event.metaKey : event.ctrlKey) && !event.altKey && !event.shiftKey) {
    togglePalette(event);
    return;
  }
  if (event.key === "Shift") {
    return;
  }
  const before = first;
  first = "";
  const isOff = document.documentElement.dataset.keys === "off" && event.key.length === 1;
  const isElsewhere =
    event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isOff || event.target.matches(TYPED_IN);
  if (isElsewhere || find("dialog[open], :popover-open:not(#tip)")) {
    return;
  }
  const all = bindings();
  const keys = before ? `${before} ${event.key}` : event.key;
  const found = all.find((each) => each.keys === keys);
  if (found?.press) {
    event.preventDefault();
    found.press();
  } else if (!before && all.some((each) => each.keys.startsWith(`${keys} `))) {
    first = keys;
    clearTimeout(forgetting);
    forgetting = setTimeout(() => {
      first = "";
    }, SECOND_KEY_MS);
  }
}

function togglePalette(event) {
  const palette = find("#palette");
  if (!palette || find("dialog[open]:not(#palette)")) {
    return;
  }
  event.preventDefault();
  if (palette.open) {
    palette.close();
  } else {
    palette.showModal();
  }
}

/* Focuses the next row; Enter then opens it, as any link. */
function step(by) {
  const rows = findAll("[data-step]");
  const at = rows.indexOf(ofRow("[data-step]") ?? document.activeElement);
  rows[at < 0 ? 0 : at + by]?.focus();
}

/* Of the row that has the focus, in whichever of its links. */
function ofRow(selector) {
  const row = document.activeElement.closest("tr");
  return row && find(selector, row);
}

function listKeys() {
  const here = bindings().filter(({ node }) => !node.closest("#keys"));
  const rows = [{ keys: IS_MAC ? "⌘ K" : "Ctrl K", label: "Search and commands" }, ...here];
  find("[data-keys-here]").replaceChildren(
    ...rows.map(({ keys, label }) =>
      make("li", {}, label, make("span", {}, ...keys.split(" ").map((key) => make("kbd", {}, NAMES[key] ?? key)))),
    ),
  );
}
