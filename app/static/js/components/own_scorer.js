/* Own data: a prompt that nobody touched follows the chosen scorer. */

import { find } from "../lib/dom.js";

export function start(select) {
  const prompt = find("#prompt_template");
  const help = find("#scorer-help");
  const templates = Array.from(select.options, (option) => option.dataset.template.trim());

  select.addEventListener("change", () => {
    const [chosen] = select.selectedOptions;
    help.textContent = chosen.dataset.help;
    const written = prompt.value.trim();
    if (!written || templates.includes(written)) {
      prompt.value = chosen.dataset.template;
    }
  });
}
