/* Counts the seconds of a rate limit down and then enables the button. */

import { find, setText } from "../lib/dom.js";
import { remaining } from "../lib/format.js";

export function start(node) {
  const until = Date.now() + Number(node.dataset.countdown) * 1000;
  const text = find("[data-countdown-text]", node);
  const button = find("[data-countdown-button]");
  button?.setAttribute("aria-disabled", "true");
  const timer = setInterval(tick, 250);
  tick();

  function tick() {
    const leftS = Math.ceil((until - Date.now()) / 1000);
    if (leftS > 0) {
      setText(text, remaining(leftS));
      return;
    }
    clearInterval(timer);
    setText(text, "a moment");
    node.hidden = true;
    button?.removeAttribute("aria-disabled");
    setText(find("[data-countdown-done]"), "You can continue now.");
  }
}
