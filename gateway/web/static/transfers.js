// What waits for the customer, what waits for others, and gifts by their code.
import { act, api, el, explain, number, onSubmit, say, when, words } from "./tally.js";
import { agreeing, points } from "./agree.js";
import { forgetGift, openedGift, readGift } from "./gifts.js";
import { prepare, submit } from "./operations.js";
import { isLeft, leave } from "./left.js";

const t = await words();
const part = (id) => document.getElementById(id);
const gone = ["HOLD_UNKNOWN", "CLAIM_INVALID"]; // What is said of a gift that nobody can take with this code.
let own = [];
let taking = null; // What the customer is asked to take.

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
    button(t("transfers.leave"), async () => { leave(transfer.hold); await show(); say(t("transfers.left", { time: when(transfer.until) }), "good"); }, "quiet"));
}

function outgoing(transfer) {
  const whose = transfer.kind === "gift" ? t("transfers.by-code") : t("transfers.to", { account: transfer.to });
  return row(transfer, el("span", { class: transfer.to ? "id" : "" }, whose), button(t("transfers.take-back"), () => takeBack(transfer), "quiet"));
}

const none = () => [el("li", { class: "soft" }, t("transfers.none"))];

async function show() {
  const list = await api("GET", "/v1/me/transfers");
  const waiting = list.incoming.filter((o) => !isLeft(o.hold));
  part("incoming").replaceChildren(...(waiting.length ? waiting.map(incoming) : none()));
  part("outgoing").replaceChildren(...(list.outgoing.length ? list.outgoing.map(outgoing) : none()));
}

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
