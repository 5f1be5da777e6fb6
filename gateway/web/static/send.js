// Transfers, gifts and swaps: prepared, told about, agreed to, signed.
import { act, api, el, explain, number, onSubmit, say, words } from "./tally.js";
import { agreeing, points } from "./agree.js";
import { giftLink } from "./gifts.js";

const t = await words();
const part = (id) => document.getElementById(id);
let accounts = [];

function show(id) {
  for (const other of ["choose", "agree", "done"]) part(other).hidden = other !== id;
}

function kindChanged(kind) {
  part("to-row").hidden = kind !== "transfer";
  part("to-help").hidden = kind !== "transfer";
  part("to").required = kind === "transfer";
  part("target-row").hidden = kind !== "swap";
}
for (const radio of document.querySelectorAll("[name=kind]")) radio.addEventListener("change", () => kindChanged(radio.value));

/** outcome says what became of it: a hold of the sender's waits for the other, anything else is done. */
function outcome(answer, operation) {
  if (answer.status !== "DONE") return t("send.pending");
  const waits = (answer.receipt?.moves || []).some((m) => m.cause === "pinned");
  return waits ? t(`send.waits-${operation.kind}`, points(operation.points)) : t("send.applied");
}

const ask = agreeing({
  back: () => show("choose"),
  done: (answer, { operation }) => {
    part("result").textContent = outcome(answer, operation);
    const code = answer.claimCode || operation.claimCode;
    part("claim-row").hidden = !code;
    if (code) part("claim").textContent = giftLink(answer.id, code);
    show("done");
    part("done-title").focus();
  },
});

onSubmit(part("send-form"), async (fields) => {
  const operation = { kind: fields.kind, account: fields.account, points: Number(fields.points) };
  if (fields.kind === "transfer") operation.to = fields.to;
  if (fields.kind === "swap") {
    const target = accounts.find((a) => a.position.id === fields.target);
    if (!target) return say(t("send.no-target"), "bad");
    Object.assign(operation, { to: target.position.id, partner: target.programme });
  }
  await ask(operation, t(`send.summary-${fields.kind}`, points(operation.points)));
  return show("agree");
});

part("copy").addEventListener("click", (event) => act(event.currentTarget, async () => {
  await navigator.clipboard.writeText(part("claim").textContent);
  say(t("send.copied"), "good");
}));

try {
  ({ accounts } = await api("GET", "/v1/me/accounts"));
  const option = (a) => el("option", { value: a.position.id }, `${a.name} (${number(a.position.spendable)})`);
  part("account").append(...accounts.filter((a) => a.own).map(option));
  part("target").append(...accounts.filter((a) => !a.own).map(option));
} catch (problem) {
  await explain(problem);
}
document.body.dataset.ready = "true";
