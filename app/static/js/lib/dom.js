/* Small DOM words: find, make, listen. Nothing here parses HTML (the CSP forbids it). */

const SVG = "http://www.w3.org/2000/svg";

export function find(selector, root = document) {
  return root.querySelector(selector);
}

export function findAll(selector, root = document) {
  return [...root.querySelectorAll(selector)];
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Make an element; strings among the children become text. */
export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function makeSvg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Listen on the document for events of elements that match, now and later. */
export function delegate(type, selector, handle) {
  document.addEventListener(type, (event) => {
    const target = event.target instanceof Element ? event.target.closest(selector) : null;
    if (target) {
      handle(event, target);
    }
  });
}

/** What a link or button is called: as it says itself, or its words without keys. */
export function nameOf(node) {
  const words = [...node.childNodes].filter((part) => part.nodeName !== "KBD").map((part) => part.textContent);
  return (node.dataset.name ?? node.getAttribute("aria-label") ?? words.join("")).replace(/\s+/g, " ").trim();
}

export function setText(node, text) {
  if (node && node.textContent !== text) {
    node.textContent = text;
  }
}

/** Call `run` once, `wait_ms` after the last call. */
export function debounce(run, waitMs) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...args), waitMs);
  };
}
