// The identification code, a fresh one before each lapses, and the tills that ask who the customer is.
import { act, api, el, explain, say, when, words } from "./tally.js";

const t = await words();
const part = (id) => document.getElementById(id);
const every = 25000; // Milliseconds: a code lives for 30 seconds.
const look = 4000;

async function renew() {
  const code = await api("POST", "/v1/me/identification-codes", {});
  part("picture").src = code.qr;
}

const decide = (id, agree) => async (event) => act(event.currentTarget, async () => {
  await api("PUT", `/v1/me/challenges/${id}/decision`, { agree });
  say(t(agree ? "code.agreed" : "code.refused"), "good");
  await ask();
});

async function ask() {
  const { challenges } = await api("GET", "/v1/me/challenges");
  part("questions").replaceChildren(...(challenges.length ? challenges.map((c) => el("li", {},
    el("strong", {}, c.name), ` ${c.store}`, el("br"), el("span", { class: "soft" }, when(c.until)),
    el("div", { class: "row" }, el("button", { type: "button", onclick: decide(c.id, true) }, t("code.agree")),
      el("button", { type: "button", class: "quiet", onclick: decide(c.id, false) }, t("code.refuse"))))) : [el("li", { class: "soft" }, t("code.none"))]));
}

async function again(work, pause) {
  try { if (!document.hidden) await work(); } catch (problem) { await explain(problem); }
  setTimeout(() => again(work, pause), pause);
}

again(renew, every);
again(ask, look);
document.body.dataset.ready = "true";
