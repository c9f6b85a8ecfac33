/* Switch between light and dark; the cookie lets the server render the choice at once. */

import { delegate } from "../lib/dom.js";

const YEAR_S = 31536000;

function isDark(root) {
  if (root.dataset.theme) {
    return root.dataset.theme === "dark";
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

export function startTheme() {
  delegate("click", "[data-theme-toggle]", () => {
    const root = document.documentElement;
    const theme = isDark(root) ? "light" : "dark";
    root.dataset.theme = theme;
    document.cookie = `theme=${theme}; path=/; max-age=${YEAR_S}; samesite=lax`;
  });
}
