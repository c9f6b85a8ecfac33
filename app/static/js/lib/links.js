/* Web addresses in a message as links; as app/template_filters/links.py. */

import { make } from "./dom.js";

const ADDRESS = /(https?:\/\/[^\s<>"'`@]+[^\s<>"'`@.,;:!?)\]}”’…])/;

/** Return the parts of a message: texts and links. */
export function linked(text) {
  return text
    .split(ADDRESS)
    .map((part, at) =>
      at % 2 ? make("a", { class: "link", href: part, target: "_blank", rel: "noopener noreferrer nofollow" }, part) : part,
    );
}
