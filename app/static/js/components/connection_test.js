/* Tests a connection in place and says what was found and how fast. */

import { delegate, find, setText } from "../lib/dom.js";
import { post } from "../lib/api.js";
import { milliseconds, number } from "../lib/format.js";

export function start() {
  delegate("submit", "[data-connection-test]", (event, form) => {
    event.preventDefault();
    test(form);
  });
  const fresh = find("[data-test-now]");
  if (fresh) {
    test(fresh);
  }
}

async function test(form) {
  const button = find("button[type=submit]", form);
  const result = find("[data-test-result]", form.closest("[data-connection-row]"));
  button.disabled = true;
  button.dataset.busy = "";
  delete result.dataset.state;
  setText(result, "Testing");
  try {
    show(result, await post(form.dataset.connectionTest, {}));
  } catch (error) {
    show(result, { ok: false, error });
  } finally {
    button.disabled = false;
    delete button.dataset.busy;
  }
}

function show(node, result) {
  node.dataset.state = result.ok ? "ok" : "bad";
  if (result.ok) {
    const models = `${number(result.models_found)} ${result.models_found === 1 ? "model" : "models"}`;
    const moved = result.moved_to ? ` The API was found at ${result.moved_to}, which is its address now.` : "";
    setText(
      node,
      `Works: answered in ${milliseconds(result.latency_ms)}, ${models}. Tested just now.${moved}`,
    );
    return;
  }
  const { message = "The test failed.", action = "" } = result.error ?? {};
  setText(node, [message, action].filter(Boolean).join(" "));
}
