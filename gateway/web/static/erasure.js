// The page on which a customer has everything erased: what will be done, the number that is forfeited, and where a request stands.
import { act, api, el, number, onSubmit, say, t, when, words } from "./tally.js";

const place = (id) => document.getElementById(id);
let forfeit = 0;

async function show() {
  const [view, word] = await Promise.all([api("GET", "/v1/me/erasure"), words()]);
  const { plan, erasure } = view;
  forfeit = plan.forfeit;
  place("held").hidden = !plan.legalHold;
  place("under-way").hidden = !erasure;
  place("ask").hidden = Boolean(erasure);
  if (erasure) {
    place("state").textContent = word(`erasure.step-${erasure.step === "waiting" ? "waiting" : "begun"}`, { due: when(erasure.dueAt) });
    place("erasure-id").textContent = erasure.id;
    place("cancel").hidden = erasure.step !== "waiting";
  }
  const line = (a) => word(`erasure.outcome-${a.outcome}`, { programme: a.programme, points: number(a.forfeit), held: number(a.held), gifts: number(a.gifts), debt: number(a.debt) });
  place("accounts").replaceChildren(...plan.accounts.map((a) => el("li", {}, line(a))));
  place("forfeit").textContent = word("erasure.forfeit", { points: number(plan.forfeit), due: when(plan.dueAt) });
}

onSubmit(place("confirm"), async (fields) => {
  if (Number(fields.forfeit) !== forfeit) return say(await t("erasure.wrong-number", { points: number(forfeit) }), "bad");
  await api("POST", "/v1/me/erasure", { forfeit });
  await show();
  return say(await t("erasure.asked"), "good");
});

place("cancel").addEventListener("click", () => act(place("cancel"), async () => {
  await api("DELETE", "/v1/me/erasure");
  await show();
  say(await t("erasure.cancelled"), "good");
}));

act(place("confirm").querySelector("button"), show);
document.body.dataset.ready = "true";
