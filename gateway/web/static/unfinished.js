// Confirmations whose outcome this tab doesn't know, since the page was left before the answer came. Kept is the idempotency key alone, a random one: the gateway tells what it stands for.
import { act, api, el, number, say, unfinishedKey as kept, words, Problem } from "./tally.js";
import { giftLink } from "./gifts.js";

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(kept)) || {};
  } catch {
    return {};
  }
}
const write = (entry) => sessionStorage.setItem(kept, JSON.stringify(entry));

/** rememberSent is for a key under which something is being sent. */
export const rememberSent = (key) => write({ key });

/** forgetSent is for a key whose outcome the customer has seen. */
export function forgetSent(key) {
  if (read().key === key) sessionStorage.removeItem(kept);
}

/** openKey is the key of something of which it isn't known whether it was recorded; null without one. */
export function openKey() {
  const entry = read();
  return entry.key && !entry.recorded ? entry.key : null;
}

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
  return [el("p", {}, t("send.claim-text")), el("p", { class: "id", id: "unfinished-claim" }, link),
    el("button", { type: "button", onclick: (event) => act(event.currentTarget, copy) }, t("send.copy"))];
}

function shown(answer, key, t) {
  const card = el("section", { class: "card", id: "unfinished", role: "status" }, el("h2", {}, t("unfinished.title")), el("p", {}, outcome(answer, t)), answer.claimCode ? gift(answer, t) : null);
  const seen = () => { forgetSent(key); card.remove(); };
  card.append(el("div", { class: "row" }, el("button", { type: "button", class: "quiet", onclick: seen }, t("unfinished.seen"))));
  document.getElementById("message").after(card);
}

/** tell shows what became of what this tab has sent and had no answer to. What was recorded is shown until the customer has seen it; of what wasn't it is said once, and its key serves for
 *  what is sent next, so that it can't be recorded beside that if it arrives after all. */
export async function tell() {
  const { key, missed } = read();
  if (!key) return;
  const t = await words();
  let answer = null;
  try {
    answer = await api("GET", "/v1/me/operations", undefined, { "Idempotency-Key": key });
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.code !== "NOT_FOUND" || missed) return;
  }
  if (read().key !== key) return; // Answered or sent again meanwhile.
  write({ key, missed: !answer, recorded: Boolean(answer) });
  if (answer) shown(answer, key, t);
  else say(t("unfinished.missed"));
}
