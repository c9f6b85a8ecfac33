/* Edits the tags of a run where they stand: its button turns them into a text; Enter or leaving it
   saves, Escape does not. */

import { patch } from "../lib/api.js";
import { delegate, find, findAll, make } from "../lib/dom.js";
import { toast } from "./toast.js";

export function start() {
  findAll("[data-tags-edit]").forEach((button) => {
    button.hidden = false;
  });
  delegate("click", "[data-tags-edit]", (event, button) => edit(button.closest("[data-tag-list]")));
}

function edit(list) {
  const shown = [...list.children];
  const before = findAll("a.tag", list).map((link) => link.textContent);
  const input = make("input", {
    class: "input tag-input",
    "aria-label": "Tags, comma separated",
    placeholder: "Tags, comma separated",
    autocomplete: "off",
    value: before.join(", "),
  });
  let isBusy = false;

  const leave = (nodes) => {
    isBusy = true;
    const hadFocus = document.activeElement === input;
    list.replaceChildren(...nodes);
    if (hadFocus) {
      find("[data-tags-edit]", list).focus();
    }
  };

  const save = async () => {
    const tags = [...new Set(input.value.split(",").map((tag) => tag.trim()).filter(Boolean))];
    if (isBusy) {
      return;
    }
    if (tags.join() === before.join()) {
      leave(shown);
      return;
    }
    isBusy = true;
    try {
      const run = await patch(list.dataset.tagList, { tags });
      leave([...run.tags.map((tag) => chip(list, tag)), shown.at(-1)]);
    } catch (error) {
      toast([error.message, error.action].filter(Boolean).join(" "), "bad");
      isBusy = false;
      input.focus();
    }
  };

  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      save();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      leave(shown);
    }
  });
  input.addEventListener("blur", save);
  list.replaceChildren(input);
  input.focus();
}

function chip(list, tag) {
  const url = list.closest("[data-tag-url]").dataset.tagUrl.replace("TAG_NAME", encodeURIComponent(tag));
  return make("a", { class: "tag", href: url }, tag);
}
