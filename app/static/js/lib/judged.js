/* Whether a second model scores the answers of the chosen benchmark and protocol. */

import { find } from "./dom.js";

export function isJudged(form) {
  const benchmark = find("[name=benchmark]:checked", form);
  if (!benchmark) {
    return false;
  }
  const { judged = "", defaultProtocol } = benchmark.dataset;
  return judged.split(" ").includes(form.elements.protocol?.value || defaultProtocol);
}
