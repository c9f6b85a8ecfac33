/* The options of a combobox: one is marked, and the arrow keys move the mark. */

/** Mark the option at `at`, and tell screen readers through the input that has the focus. */
export function markOption(input, options, at) {
  options.forEach((node, index) => node.setAttribute("aria-selected", String(index === at)));
  const marked = options[at];
  if (marked) {
    input.setAttribute("aria-activedescendant", marked.id);
    marked.scrollIntoView({ block: "nearest" });
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

/** Where an arrow key leads from `at` (-1: nowhere yet) among so many; `null` for other keys. */
export function arrowStep(key, at, count) {
  if (key === "ArrowDown") {
    return (at + 1) % (count || 1);
  }
  return key === "ArrowUp" ? (Math.max(at, 0) - 1 + count) % (count || 1) : null;
}
