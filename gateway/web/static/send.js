// Transfers, gifts and swaps: prepared, told about, agreed to, signed.
import { api, el, explain, number, onSubmit, say, words } from "./tally.js";
import { prepare, submit } from "./operations.js";

const t = await words();
const part = (id) => document.getElementById(id);
let accounts = [];
let prepared = null;

function show(id) {
  for (const other of ["choose", "agree", "done"]) part(other).hidden = other !== id;
}

function kindChanged(kind) {
  part("to-row").hidden = kind !== "transfer";
  part("to").required = kind === "transfer";
  part("target-row").hidden = kind !== "swap";
}
for (const radio of document.querySelectorAll("[name=kind]")) radio.addEventListener("change", () => kindChanged(radio.value));

onSubmit(part("send-form"), async (fields) => {
  const operation = { kind: fields.kind, account: fields.account, points: Number(fields.points) };
  if (fields.kind === "transfer") operation.to = fields.to;
  if (fields.kind === "swap") {
    const target = accounts.find((a) => a.position.id === fields.target);
    if (!target) return say(t("send.no-target"), "bad");
    Object.assign(operation, { to: target.position.id, partner: target.programme });
  }
  prepared = await prepare(operation);
  part("notice").textContent = prepared.notice?.text || "";
  part("summary").textContent = t(`send.summary-${fields.kind}`, { points: number(operation.points) });
  part("agreed").checked = false;
  show("agree");
  part("agreed").focus();
  return undefined;
});

part("back").addEventListener("click", () => show("choose"));

onSubmit(part("agree-form"), async () => {
  const done = await submit(prepared, prepared.notice);
  part("result").textContent = done.status === "DONE" ? t("send.applied") : t("send.pending");
  const code = done.claimCode || prepared.operation.claimCode;
  part("claim").hidden = !code;
  if (code) part("claim").textContent = `${done.id} · ${code}`;
  show("done");
});

try {
  ({ accounts } = await api("GET", "/v1/me/accounts"));
  const option = (a) => el("option", { value: a.position.id }, `${a.name} (${number(a.position.spendable)})`);
  part("account").append(...accounts.filter((a) => a.own).map(option));
  part("target").append(...accounts.filter((a) => !a.own).map(option));
} catch (problem) {
  await explain(problem);
}
document.body.dataset.ready = "true";
