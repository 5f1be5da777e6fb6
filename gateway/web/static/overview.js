// Balances and receipts of all programmes.
import { act, api, el, explain, number, when, words } from "./tally.js";
import { recoveries } from "./recovery.js";
import { change } from "./receipts.js";

const t = await words();
const names = new Map();
const mine = new Set();
let cursor = "";

function card(account) {
  const p = account.position;
  names.set(account.programme, account.name);
  mine.add(p.id);
  const lines = [el("h2", {}, account.name), el("p", { class: "figure" }, number(p.spendable)), el("p", { class: "soft" }, t("overview.spendable"))];
  if (p.held) lines.push(el("p", { class: "soft" }, t("overview.held", { points: number(p.held) })));
  const coming = p.pending + p.waiting;
  if (coming) lines.push(el("p", { class: "soft" }, t("overview.pending", { points: number(coming) })));
  if (p.status !== "ACTIVE") lines.push(el("p", { class: "note" }, t(`overview.${p.status.toLowerCase()}`)));
  const key = p.controller.kind === "custodian" ? "overview.custody" : "overview.own-key";
  lines.push(el("p", { class: "soft" }, t(key)), el("p", { class: "soft" }, t("overview.account"), el("br"), el("span", { class: "id" }, p.id)));
  return el("section", { class: "card" }, lines);
}

function row(entry) {
  const r = entry.receipt;
  const done = change(r, mine);
  const what = t(done.text) + (r.outcome === "REJECTED" ? ` · ${t("overview.refused")}` : "");
  const shown = [done.points ? number(done.points, { signDisplay: "exceptZero" }) : "–"];
  if (done.reserved) shown.push(el("br"), el("span", { class: "soft" }, t(done.reserved > 0 ? "overview.reserved" : "overview.released", { points: number(Math.abs(done.reserved)) })));
  return el("tr", {}, el("td", {}, when(entry.transactionTime)), el("td", {}, what), el("td", {}, names.get(r.programme) || r.programme), el("td", { class: "number" }, shown));
}

/** waiting says that something waits to be taken. */
async function waiting() {
  const { incoming } = await api("GET", "/v1/me/transfers"); // A next page may hold what the customer doesn't want to see alone.
  if (incoming.length) document.getElementById("waiting").replaceChildren(t("transfers.waiting"), " ", el("a", { href: "/wallet/transfers" }, t("transfers.title")));
}

/** keys tells what goes on with the accounts' keys. */
function keys(accounts) {
  document.getElementById("recoveries").replaceChildren(...recoveries(accounts, async () => keys((await api("GET", "/v1/me/accounts")).accounts)));
}

async function load() {
  const page = await api("GET", `/v1/me/history?limit=25${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
  document.getElementById("history").append(...page.entries.map(row));
  cursor = page.next || "";
  document.getElementById("more").hidden = !cursor;
  document.getElementById("empty").hidden = document.getElementById("history").children.length > 0;
}

try {
  let { accounts } = await api("GET", "/v1/me/accounts");
  if (!accounts.some((a) => a.own)) {
    await api("POST", "/v1/me/accounts");
    ({ accounts } = await api("GET", "/v1/me/accounts"));
  }
  document.getElementById("accounts").append(...accounts.map(card));
  keys(accounts);
  await load();
  await waiting();
} catch (problem) {
  await explain(problem);
}
document.getElementById("more").addEventListener("click", (event) => act(event.currentTarget, load));
document.body.dataset.ready = "true";
