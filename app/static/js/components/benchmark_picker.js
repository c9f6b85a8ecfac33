/* Filters the benchmark cards, and says which one is chosen, also where the filter hides it. */

import { find, findAll, setText } from "../lib/dom.js";
import { isJudged } from "../lib/judged.js";
import { offerProtocols, showDetail } from "./benchmark_detail.js";

export function start(picker) {
  const cards = findAll("[data-benchmark]", picker);
  const search = find("[data-benchmark-search]", picker);
  const categories = find("[data-categories]", picker);
  let category = "";

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const card of cards) {
      card.hidden =
        (category !== "" && card.dataset.category !== category) ||
        !words.every((word) => card.dataset.text.includes(word));
    }
    find("[data-benchmark-none]", picker).hidden = cards.some((card) => !card.hidden);
    tellChoice(picker);
  };

  const pickCategory = (wanted) => {
    category = wanted;
    for (const button of findAll("[data-category-pick]", categories)) {
      button.setAttribute("aria-pressed", String(button.dataset.categoryPick === wanted));
    }
    filter();
  };

  categories.hidden = false;
  categories.addEventListener("click", (event) => {
    const button = event.target.closest("[data-category-pick]");
    if (button) {
      pickCategory(button.dataset.categoryPick);
    }
  });
  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !search.value.trim()) {
      return;
    }
    const first = cards.find((card) => !card.hidden);
    if (first) {
      find("input", first).click();
    } else {
      event.preventDefault();
      event.stopPropagation(); // stays: there is nothing to choose
    }
  });
  find("[data-chosen-show]", picker).addEventListener("click", () => {
    search.value = "";
    pickCategory("");
    const chosen = find("[name=benchmark]:checked", picker);
    chosen.focus();
    chosen.closest("[data-benchmark]").scrollIntoView({ block: "nearest" });
  });
  picker.addEventListener("change", (event) => {
    if (event.target.name === "benchmark") {
      follow(picker, event.target);
    }
  });

  picker.closest("form").elements.protocol?.addEventListener("change", () => askForJudge(picker));

  filter(); // words may stand there already, typed before this was loaded
  const chosen = find("[name=benchmark]:checked", picker);
  if (chosen) {
    chosen.closest("[data-benchmark]").scrollIntoView({ block: "nearest" });
    follow(picker, chosen);
  } else {
    askForJudge(picker);
  }
}

function follow(picker, radio) {
  tellChoice(picker);
  offerProtocols(picker, radio);
  askForJudge(picker);
  showDetail(picker, radio.value);
}

function tellChoice(picker) {
  const card = find("[name=benchmark]:checked", picker)?.closest("[data-benchmark]");
  find("[data-chosen]", picker).hidden = !card;
  if (card) {
    setText(find("[data-chosen-title]", picker), find(".bench-title", card).textContent);
    find("[data-chosen-away]", picker).hidden = !card.hidden;
  }
}

/* Only some protocols are scored by a second model. What is wrong with it stays in sight. */
function askForJudge(picker) {
  const form = picker.closest("form");
  const input = find("[data-judge]", form);
  if (input) {
    const isShown = isJudged(form) || input.getAttribute("aria-invalid") === "true";
    input.disabled = !isShown;
    input.closest(".field").hidden = !isShown;
  }
}
