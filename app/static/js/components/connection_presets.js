/* A well-known provider fills in name, kind and address; only the key is left to paste. */

import { find, findAll } from "../lib/dom.js";

export function start(presets) {
  const form = presets.closest("form");
  presets.hidden = false;
  for (const button of findAll("[data-preset-name]", presets)) {
    button.addEventListener("click", () => {
      const { presetName, presetKind, presetUrl } = button.dataset;
      for (const other of findAll("[data-preset-name]", presets)) {
        other.setAttribute("aria-pressed", String(other === button));
      }
      find("[name=name]", form).value = presetName;
      find("[name=kind]", form).value = presetKind;
      find("[name=base_url]", form).value = presetUrl;
      find("[name=api_key]", form).focus();
    });
  }
}
