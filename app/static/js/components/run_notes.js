/* Saves name, tags and notes of a run through the API. */

import { find, setText } from "../lib/dom.js";
import { patch } from "../lib/api.js";
import { reload } from "../lib/reload.js";

export function start(form) {
  const problem = find("[data-form-error]", form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    const tags = form.elements.tags.value.split(",").map((tag) => tag.trim()).filter(Boolean);
    try {
      const { name, notes } = form.elements;
      await patch(form.dataset.runNotes, { name: name.value, tags, notes: notes.value });
      reload();
    } catch (error) {
      setText(problem, error.message);
      problem.hidden = false;
    }
  });
}
