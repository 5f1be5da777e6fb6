// A change of an account's key that somebody has asked for and that the customer can still stop; and what follows from one that was made.
import { act, el, say, when, words } from "./tally.js";
import { prepare, submit } from "./operations.js";

const t = await words();

async function stop(account, done) {
  const answer = await submit(await prepare({ kind: "veto", account }), null);
  await done();
  say(t(answer.status === "DONE" ? "recovery.stopped" : "send.pending"), "good");
}

/** recoveries gives the notes about accounts' keys; done is called once something was changed. */
export function recoveries(accounts, done) {
  return accounts.flatMap(({ own, name, position: p }) => {
    if (p.recovery) {
      return el("section", { class: "card warn recovery" }, el("h2", {}, t("recovery.title")), el("p", {}, t("recovery.text", { name, time: when(p.recovery.from) })), el("p", { class: "id" }, p.id),
        own ? el("button", { type: "button", onclick: (event) => act(event.currentTarget, () => stop(p.id, done)) }, t("recovery.stop")) : el("p", {}, t("recovery.elsewhere", { name })));
    }
    if (p.coolUntil) return el("p", { class: "note" }, t("recovery.cooling", { name, time: when(p.coolUntil) }));
    return p.guard ? el("p", { class: "note" }, t("recovery.guarded", { name, time: when(p.guard.until) })) : [];
  });
}
