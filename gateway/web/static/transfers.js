// What waits for the customer, what waits for others, and gifts by their code.
import { act, api, el, explain, number, onSubmit, say, when, words } from "./tally.js";
import { agreeing, points } from "./agree.js";
import { forgetGift, openedGift, readGift } from "./gifts.js";
import { prepare, submit } from "./operations.js";

const t = await words();
const part = (id) => document.getElementById(id);
const gone = ["HOLD_UNKNOWN", "CLAIM_INVALID"]; // What is said of a gift that nobody can take with this code.
let own = [];
let taking = null; // What the customer is asked to take.
let next = ""; // Where the next page of offers begins.

function view(id) {
  part("choose").hidden = id !== "choose";
  part("agree").hidden = id !== "agree";
}

const ask = agreeing({
  back: () => view("choose"),
  done: async (answer) => {
    if (taking.claimCode) {
      forgetGift(taking);
      part("code").value = "";
    }
    view("choose");
    await show();
    say(t(answer.status === "DONE" ? "transfers.taken" : "send.pending"), "good");
  },
});

async function take(transfer, account, claimCode) {
  const operation = { kind: "accept", account, hold: transfer.hold, to: transfer.from };
  if (claimCode) operation.claimCode = claimCode;
  await ask(operation, t("transfers.summary", points(transfer.points)));
  taking = operation;
  view("agree");
}

async function takeBack(transfer) {
  const answer = await submit(await prepare({ kind: "void", account: transfer.from, hold: transfer.hold }), null);
  await show();
  say(t(answer.status === "DONE" ? "transfers.back" : "send.pending"), "good");
}

const button = (text, work, kind = "") => el("button", { type: "button", class: kind, onclick: (event) => act(event.currentTarget, work) }, text);

function row(transfer, whose, ...buttons) {
  return el("li", {}, el("strong", {}, t("transfers.points", points(transfer.points))), " ", el("span", {}, whose), el("br"),
    el("span", { class: "soft" }, t("transfers.until", { time: when(transfer.until) })), el("div", { class: "row" }, buttons));
}

function incoming(transfer) {
  return row(transfer, el("span", { class: "id" }, t("transfers.from", { account: transfer.from })),
    button(t("transfers.take"), () => take(transfer, transfer.to)),
    button(t("transfers.leave"), () => decline(transfer), "quiet"), button(t("transfers.mute"), () => mute(transfer.from, true), "quiet"));
}

async function decline(transfer) {
  await api("PUT", `/v1/me/transfers/${transfer.hold}/refusal`);
  await show();
  say(t("transfers.left", { time: when(transfer.until) }), "good");
}

/** mute shows offers of an account no more, or again. */
async function mute(account, hides) {
  await api(hides ? "PUT" : "DELETE", `/v1/me/muted-senders/${account}`);
  await show();
  say(t(hides ? "transfers.muted-said" : "transfers.unmuted"), "good");
}

const mutedRow = (account) => el("li", { class: "row between" }, el("span", { class: "id" }, account),
  el("button", { type: "button", class: "quiet", "aria-label": `${t("transfers.unmute")}: ${account}`, onclick: (event) => act(event.currentTarget, () => mute(account, false)) }, t("transfers.unmute")));

function outgoing(transfer) {
  const whose = transfer.kind === "gift" ? t("transfers.by-code") : t("transfers.to", { account: transfer.to });
  return row(transfer, el("span", { class: transfer.to ? "id" : "" }, whose), button(t("transfers.take-back"), () => takeBack(transfer), "quiet"));
}

const none = () => [el("li", { class: "soft" }, t("transfers.none"))];

/** page reads a page of offers, and those after it while there is nothing to show on it. */
async function page(cursor) {
  const list = await api("GET", `/v1/me/transfers${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`);
  next = list.next || "";
  part("more").hidden = !next;
  return list.incoming.length || !next ? list : { ...await page(next), outgoing: list.outgoing };
}

async function show() {
  const [list, { accounts: muted }] = await Promise.all([page(""), api("GET", "/v1/me/muted-senders")]);
  part("incoming").replaceChildren(...(list.incoming.length ? list.incoming.map(incoming) : none()));
  part("outgoing").replaceChildren(...(list.outgoing.length ? list.outgoing.map(outgoing) : none()));
  part("muted").replaceChildren(...muted.map(mutedRow));
  part("muted-card").hidden = !muted.length;
}

part("more").addEventListener("click", (event) => act(event.currentTarget, async () => part("incoming").append(...(await page(next)).incoming.map(incoming))));

/** lookUp tells what a gift is; one that is none is kept no longer. */
async function lookUp(gift) {
  try {
    return await api("POST", "/v1/me/gifts/lookups", gift);
  } catch (problem) {
    if (gone.includes(problem.code)) forgetGift(gift);
    throw problem;
  }
}

onSubmit(part("gift-form"), async (fields) => {
  const gift = readGift(fields.code);
  if (!gift) return say(t("transfers.no-code"), "bad");
  return take(await lookUp(gift), fields.into, gift.claimCode);
});

try {
  part("code").value = openedGift();
  const { accounts } = await api("GET", "/v1/me/accounts");
  own = accounts.filter((a) => a.own);
  part("into").append(...own.map((a) => el("option", { value: a.position.id }, `${a.name} (${number(a.position.spendable)}) ${a.position.id.slice(0, 6)}…`)));
  part("into-row").hidden = own.length < 2;
  await show();
} catch (problem) {
  await explain(problem);
}
document.body.dataset.ready = "true";
