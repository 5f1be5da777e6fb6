// What happened to how the customer signs in, as the security page and the notices show it.
import { el, when } from "./tally.js";

/** eventRow is one event: what, when and where. */
export function eventRow(event, t) {
  const where = event.device ? ` · ${event.device}` : "";
  return el("li", {}, el("strong", {}, t(`event.${event.kind}`)), el("br"), el("span", { class: "soft" }, `${when(event.at)}${where}`));
}
