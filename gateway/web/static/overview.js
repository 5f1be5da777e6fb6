// Balances and receipts of all programmes.
import { act, api, el, explain, number, when, words } from "./tally.js";

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
  if (p.pending) lines.push(el("p", { class: "soft" }, t("overview.pending", { points: number(p.pending) })));
  if (p.status !== "ACTIVE") lines.push(el("p", { class: "note" }, t(`overview.${p.status.toLowerCase()}`)));
  const key = p.controller.kind === "custodian" ? "overview.custody" : "overview.own-key";
  lines.push(el("p", { class: "soft" }, t(key)), el("p", { class: "id soft" }, p.id));
  return el("section", { class: "card" }, lines);
}

/** change is what a receipt did to the customer's points: what went to an account of theirs counts for them. */
function change(receipt) {
  const takes = ["redeem", "transfer", "gift", "swap", "expire", "close", "capture", "hold"].includes(receipt.kind);
  if (receipt.outcome === "REJECTED") return "–";
  const gained = receipt.to && mine.has(receipt.to) && !mine.has(receipt.account);
  const points = takes && !gained && receipt.points > 0 ? -receipt.points : receipt.points;
  return number(points || 0, { signDisplay: "exceptZero" });
}

function row(entry) {
  const r = entry.receipt;
  const what = t(`kind.${r.kind}`) + (r.outcome === "REJECTED" ? ` · ${t("overview.refused")}` : "");
  return el("tr", {}, el("td", {}, when(entry.transactionTime)), el("td", {}, what), el("td", {}, names.get(r.programme) || r.programme), el("td", { class: "number" }, change(r)));
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
  await load();
} catch (problem) {
  await explain(problem);
}
document.getElementById("more").addEventListener("click", (event) => act(event.currentTarget, load));
document.body.dataset.ready = "true";
