// Confirmations whose outcome this tab doesn't know, since the page was left before the answer came. Kept is the idempotency key alone, a random one: the gateway tells what it stands for.
import { act, api, el, number, say, unfinishedKey as kept, words, Problem } from "./tally.js";
import { giftLink } from "./gifts.js";

/** maxKept is of how many confirmations this tab remembers the keys: the newest. */
const maxKept = 10;

/** read gives what is known of each key, the oldest first: missed when it was said that it hasn't arrived, recorded when it is shown until the customer has seen it. */
function read() {
  try {
    return JSON.parse(sessionStorage.getItem(kept)) || {};
  } catch {
    return {};
  }
}

function write(all) {
  const newest = Object.entries(all).slice(-maxKept);
  if (newest.length) sessionStorage.setItem(kept, JSON.stringify(Object.fromEntries(newest)));
  else sessionStorage.removeItem(kept);
}

/** rememberSent is for a key under which something is being sent. */
export function rememberSent(key) {
  const all = read();
  delete all[key]; // It becomes the newest.
  write({ ...all, [key]: {} });
}

/** forgetSent is for a key whose outcome the customer has seen. */
export function forgetSent(key) {
  const all = read();
  delete all[key];
  write(all);
}

/** openKey is the key of the last thing of which it isn't known whether it was recorded; null without one. */
export const openKey = () => Object.entries(read()).findLast(([, entry]) => !entry.recorded)?.[0] ?? null;

/** isOpen says whether after this problem what was sent may have been recorded: no answer came, or none of what was decided, or the key had served for something else. */
export const isOpen = (problem) => !problem.status || problem.status >= 500 || problem.document?.class === "retry" || problem.code === "IDEMPOTENCY_CONFLICT";

const sum = (receipt, t) => (receipt?.points ? [el("br"), el("strong", {}, t("transfers.points", { points: number(receipt.points) })), ` · ${t(`kind.${receipt.kind}`)}`] : []);

function outcome(answer, t) {
  if (answer.status !== "DONE") return [t("send.pending")];
  if (answer.outcome === "REJECTED") return [t(`problem.${answer.code}`) === `problem.${answer.code}` ? t("problem.unknown", { code: answer.code }) : t(`problem.${answer.code}`)];
  return [t("unfinished.done"), ...sum(answer.receipt, t)];
}

function gift(answer, t) {
  const link = giftLink(answer.id, answer.claimCode);
  const copy = async () => { await navigator.clipboard.writeText(link); say(t("send.copied"), "good"); };
  return [el("p", {}, t("send.claim-text")), el("p", { class: "id claim" }, link),
    el("button", { type: "button", onclick: (event) => act(event.currentTarget, copy) }, t("send.copy"))];
}

const ask = (key) => api("GET", "/v1/me/operations", undefined, { "Idempotency-Key": key });

/** withheld stands where the gift's link is to be, which takes a proof of who is there. */
function withheld(key, t) {
  const place = el("div", {});
  const show = async () => {
    const { stepUp } = await import("./step-up.js");
    await stepUp();
    const answer = await ask(key);
    if (answer.claimCode) place.replaceChildren(...gift(answer, t));
  };
  place.append(el("p", {}, t("unfinished.withheld")), el("button", { type: "button", onclick: (event) => act(event.currentTarget, show) }, t("unfinished.show")));
  return place;
}

function link(answer, key, t) {
  if (answer.claimCode) return gift(answer, t);
  return answer.claimCodeWithheld ? withheld(key, t) : null;
}

function shown(answer, key, t) {
  const card = el("section", { class: "card unfinished", role: "status" }, el("h2", {}, t("unfinished.title")), el("p", {}, outcome(answer, t)), link(answer, key, t));
  const seen = () => { forgetSent(key); card.remove(); };
  card.append(el("div", { class: "row" }, el("button", { type: "button", class: "quiet", onclick: seen }, t("unfinished.seen"))));
  document.getElementById("message").after(card);
}

async function tellOf(key, t) {
  const { missed } = read()[key];
  let answer = null;
  try {
    answer = await ask(key);
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.code !== "NOT_FOUND" || missed) return;
  }
  const all = read();
  if (!all[key]) return; // Answered meanwhile.
  all[key] = answer ? { recorded: true } : { missed: true };
  write(all);
  if (answer) shown(answer, key, t);
  else say(t("unfinished.missed"));
}

/** tell shows what became of what this tab has sent and had no answer to. What was recorded is shown until the customer has seen it; of what wasn't it is said once, and its key serves for
 *  what is sent next, so that it can't be recorded beside that if it arrives after all. */
export async function tell() {
  const t = await words();
  for (const key of Object.keys(read())) await tellOf(key, t);
}
