/* The command palette: what this page can do, where one can go, and what the server finds. */

import { get } from "../lib/api.js";
import { find, findAll, make, nameOf, setText } from "../lib/dom.js";
import { arrowStep, markOption } from "../lib/options.js";

const TYPING_MS = 100;
const RECENT = "palette-recent";
const MOST_RECENT = 8;
const ACTIONS = ".head :is(.btn, [role=menuitem]), .panel-head > .btn, main .banner .btn:not([data-dismiss])";
const SOURCES = [["Action", ACTIONS], ["Page", "#keys a"], ["Action", "[data-command]"]];
const IS_GOOD = 1; // a command that fits so well stands before what the server finds

const palette = find("#palette");
const input = find("input", palette);
const list = find("ul", palette);
const note = find("[data-palette-note]", palette);

let commands = []; // of this page
let found = []; // by the server
let items = []; // shown, in their order
let chosen = null; // the item that the arrow keys went to
let at = -1;
let asked = null; // the request under way; none: all that there is is shown
let timer;
let problem = "";
let isWaiting = false; // Enter was pressed before there was anything to choose

export function start() {
  input.addEventListener("input", ask);
  input.addEventListener("focus", open);
  input.addEventListener("keydown", onKey);
  palette.addEventListener("close", close);
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => choose(items[findAll("li", list).indexOf(event.target.closest("li"))]));
  if (palette.open) {
    open(); // nothing typed meanwhile is lost
  }
}

function open() {
  const labels = new Set();
  commands = SOURCES.flatMap(([kind, selector]) =>
    findAll(`:is(${selector}):not([hidden] *, [popovertarget], :disabled)`).map((node) => ({
      kind,
      label: nameOf(node),
      key: node.dataset.key,
      id: node.getAttribute("href") ?? nameOf(node),
      act: () => node.click(),
    })),
  ).filter(({ label }) => !labels.has(label) && labels.add(label));
  ask();
}

function close() {
  stopAsking();
  input.value = "";
  found = [];
}

function stopAsking() {
  clearTimeout(timer);
  asked?.abort();
  asked = null;
  isWaiting = false;
}

/* What no longer fits goes at once, and an answer to earlier words never comes; the server follows. */
function ask() {
  stopAsking();
  problem = "";
  chosen = null;
  const mine = new AbortController();
  asked = mine;
  const words = wordsTyped();
  found = found.filter((item) => fit(item, words) < Infinity);
  show();
  timer = setTimeout(async () => {
    try {
      const query = new URLSearchParams({ q: input.value.trim() });
      const { items: answer } = await get(`/palette?${query}`, { signal: mine.signal });
      found = answer.map((item) => ({ ...item, id: item.url, act: () => location.assign(item.url) }));
    } catch (error) {
      if (asked !== mine) {
        return;
      }
      problem = error.message;
      isWaiting = false;
      found = error.status === 401 ? [signIn()] : [];
    }
    if (asked === mine) {
      asked = null;
      show();
      if (isWaiting) {
        choose(items[0]);
      }
    }
  }, words.length ? TYPING_MS : 0);
}

function signIn() {
  const url = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
  return { kind: "Action", label: "Sign in again", id: url, act: () => location.assign(url) };
}

const wordsTyped = () => input.value.toLowerCase().split(/\s+/).filter(Boolean);

/* How badly words fit: 0 the label begins with them, 1 words in it do, 2 they stand in it or beside it,
   3 it has their letters in this order. */
function fit({ label, note: beside = "" }, words) {
  const text = label.toLowerCase();
  const fits = words.map((word) => {
    if (text.startsWith(word)) {
      return 0;
    }
    if (text.split(/[^\p{L}\p{N}]+/u).some((part) => part.startsWith(word))) {
      return 1;
    }
    if (`${text} ${beside.toLowerCase()}`.includes(word)) {
      return 2;
    }
    let from = 0;
    return [...word].every((letter) => (from = text.indexOf(letter, from) + 1)) ? 3 : Infinity;
  });
  return Math.max(0, ...fits);
}

function ordered() {
  const words = wordsTyped();
  if (words.length === 0) {
    const recent = readRecent();
    const age = ({ id }) => (recent.includes(id) ? recent.indexOf(id) : MOST_RECENT);
    const pages = commands.filter(({ kind }) => kind === "Page");
    const actions = commands.filter(({ kind }) => kind !== "Page");
    return [...actions, ...found, ...pages].sort((one, other) => age(one) - age(other));
  }
  const byFit = (all) => all.map((item) => [fit(item, words), item]).sort(([one], [other]) => one - other);
  const fitting = byFit(commands).filter(([how]) => how < Infinity);
  const pick = (isWanted) => fitting.filter(([how]) => isWanted(how)).map(([, item]) => item);
  // The server knows why: also by an id, or by the name of a benchmark.
  const others = byFit(found).map(([, item]) => item);
  return [...pick((how) => how <= IS_GOOD), ...others, ...pick((how) => how > IS_GOOD)];
}

function show() {
  items = ordered();
  list.replaceChildren(...items.map(option));
  input.setAttribute("aria-expanded", String(items.length > 0));
  const kept = items.findIndex(({ id }) => id === chosen?.id);
  at = kept < 0 ? 0 : kept;
  markOption(input, findAll("li", list), at);
  setText(note, problem || (items.length ? counted(items.length) : asked ? "Searching" : `Nothing fits “${input.value.trim()}”.`));
}

const counted = (number) => `${number} result${number === 1 ? "" : "s"}`;

function option({ kind, label, note: beside, key }, index) {
  return make(
    "li",
    { class: "combo-option", id: `palette-${index}`, role: "option", "aria-selected": "false" },
    make("span", { class: "palette-label" }, label),
    beside ? make("span", { class: "palette-beside" }, beside) : null,
    make("span", { class: "combo-note" }, kind),
    key ? make("kbd", { class: "shortcut", "aria-hidden": "true" }, key) : null,
  );
}

function onKey(event) {
  const next = arrowStep(event.key, at, items.length);
  if (next !== null) {
    event.preventDefault();
    at = next;
    chosen = items[at] ?? null;
    markOption(input, findAll("li", list), at);
  } else if (event.key === "Enter" && !event.isComposing) {
    event.preventDefault();
    // Something better may be on its way: never choose what is replaced as the key goes down.
    isWaiting = asked !== null && !chosen && !(items[0] && commands.includes(items[0]) && fit(items[0], wordsTyped()) <= IS_GOOD);
    if (!isWaiting) {
      choose(items[at]);
    }
  }
}

function choose(item) {
  if (!item) {
    return;
  }
  remember(item.id);
  palette.close();
  item.act();
}

function remember(chosenId) {
  const recent = [chosenId, ...readRecent().filter((id) => id !== chosenId)];
  try {
    localStorage.setItem(RECENT, JSON.stringify(recent.slice(0, MOST_RECENT)));
  } catch {
    // Storage is full, or blocked by the browser: the order stays as it is.
  }
}

function readRecent() {
  try {
    return JSON.parse(localStorage.getItem(RECENT)) ?? [];
  } catch {
    return [];
  }
}
