/* Switch between light and dark; the cookie lets the server render the choice at once. */

import { delegate } from "../lib/dom.js";
import { prefer } from "../lib/preference.js";

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

export function startTheme() {
  delegate("click", "[data-theme-toggle]", () => prefer("theme", isDark() ? "light" : "dark"));
}
