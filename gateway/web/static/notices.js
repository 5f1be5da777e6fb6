// What was decided about the customer's accounts, objections to it, and what the customer was written to about the wallet's security.
import { eventRow } from "./events.js";
import { api, el, explain, onSubmit, say, when, words } from "./tally.js";

const t = await words();
const place = document.getElementById("notices");

/** objection shows what the customer said and what was answered. */
function objection(o) {
  const lines = [el("p", {}, t("notices.objected", { words: o.words }))];
  lines.push(el("p", { class: "note" }, o.outcome ? t(`notices.${o.outcome}`, { words: o.answer || "" }) : t("notices.open", { time: when(o.answerBy) })));
  return lines;
}

/** form takes an objection. */
function form(notice) {
  const f = el("form", {}, el("label", {}, t("notices.why"), el("textarea", { name: "words", required: true, maxlength: "500" })), el("button", { class: "secondary" }, t("notices.object")));
  onSubmit(f, async (fields) => {
    await api("POST", `/v1/me/notices/${notice.id}/objections`, { words: fields.words });
    await load();
    say(t("notices.sent"), "good");
  });
  return f;
}

function card(notice) {
  const said = notice.words[document.documentElement.lang] || notice.words.en || notice.reason;
  const lines = [el("h2", {}, t(`notices.${notice.kind}`)), el("p", { class: "soft" }, when(notice.at)), el("p", {}, said)];
  if (notice.until) lines.push(el("p", {}, t("notices.until", { time: when(notice.until) })));
  lines.push(el("p", { class: "id soft" }, notice.account));
  if (notice.objection) lines.push(...objection(notice.objection));
  else if (notice.kind !== "UNFROZEN") lines.push(form(notice));
  return el("section", { class: "card" }, lines);
}

async function load() {
  const { notices, security = [] } = await api("GET", "/v1/me/notices");
  place.replaceChildren(...notices.map(card));
  document.getElementById("empty").hidden = notices.length > 0;
  document.getElementById("events").replaceChildren(...security.map((e) => eventRow(e, t)));
  document.getElementById("security").hidden = security.length === 0;
}

try {
  await load();
} catch (problem) {
  await explain(problem);
}
document.body.dataset.ready = "true";
