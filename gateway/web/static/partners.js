// Which other brands may have to do with the customer's points.
import { act, api, el, explain, say, words } from "./tally.js";
import { prepare, submit } from "./operations.js";

const t = await words();
const everyone = "*";

/** choose excludes a brand, or lets it in again. */
async function choose(kind, account, partner) {
  const answer = await submit(await prepare({ kind, account, partner }), null);
  await show();
  const done = `partners.done-${kind}${partner === everyone ? "-everyone" : ""}`;
  say(t(answer.status === "DONE" ? done : "send.pending"), "good");
}

function row(account, partner, name, excluded) {
  const kind = excluded ? "optin" : "optout";
  return el("li", { class: "row between" }, el("div", {}, el("strong", {}, name), el("br"), el("span", { class: "soft" }, t(excluded ? "partners.excluded" : "partners.allowed"))),
    el("button", { type: "button", class: excluded ? "" : "danger", "aria-label": `${t(`partners.${kind}`)}: ${name}`, onclick: (event) => act(event.currentTarget, () => choose(kind, account, partner)) }, t(`partners.${kind}`)));
}

function card({ account, everyone: all, partners: excluded }, others) {
  const rows = all ? [] : others.map((p) => row(account, p.member, p.name, excluded.includes(p.member)));
  return el("section", { class: "card" }, el("h2", {}, t("partners.for")), el("p", { class: "id soft" }, account), el("ul", { class: "list" }, rows, row(account, everyone, t("partners.everyone"), all)));
}

async function show() {
  const { partners, exclusions } = await api("GET", "/v1/me/partners");
  document.getElementById("exclusions").replaceChildren(...exclusions.map((e) => card(e, partners.filter((p) => !p.own))));
}

try { await show(); } catch (problem) { await explain(problem); }
document.body.dataset.ready = "true";
