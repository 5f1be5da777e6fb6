// Factors, sessions, and which key controls the customer's accounts.
import { act, api, createPasskey, el, explain, onSubmit, say, when, words } from "./tally.js";
import { eventRow } from "./events.js";
import { prepare, submit } from "./operations.js";
import { recoveries } from "./recovery.js";

const t = await words();
const part = (id) => document.getElementById(id);
const button = (text, work, kind = "quiet") => el("button", { type: "button", class: kind, onclick: (event) => act(event.currentTarget, async () => { await work(); await show(); }) }, text);

function passkeyRow(p) {
  const used = p.usedAt ? t("security.used", { when: when(p.usedAt) }) : t("security.unused");
  return el("li", { class: "row between" }, el("div", {}, el("strong", {}, p.label), el("br"), el("span", { class: "soft" }, `${t("security.made", { when: when(p.createdAt) })} · ${used}`)),
    button(t("security.remove"), () => api("DELETE", `/v1/me/passkeys/${p.id}`), "danger"));
}

function sessionRow(s) {
  const methods = s.methods.map((m) => t(`method.${m}`)).join(", ");
  const about = el("div", {}, el("strong", {}, s.device || t("security.unknown-device")), s.current ? el("span", { class: "tag" }, t("security.this")) : null, el("br"),
    el("span", { class: "soft" }, `${methods} · ${t("security.seen", { when: when(s.seenAt) })}`));
  return el("li", { class: "row between" }, about, s.current ? null : button(t("security.end"), () => api("DELETE", `/v1/me/sessions/${s.id}`)));
}

function controlRow(account, passkeys) {
  const kind = account.position.controller.kind;
  const how = account.passkey ? t("security.by-passkey", { name: passkeys.find((p) => p.id === account.passkey)?.label }) : t(kind === "custodian" ? "security.by-brand" : "security.by-key");
  const row = el("li", { class: "row between" }, el("div", {}, el("strong", {}, account.name), el("br"), el("span", { class: "soft" }, how)));
  if (!account.own) return row;
  if (kind === "custodian") {
    for (const p of passkeys.filter((one) => one.controls)) row.append(button(t("security.take", { name: p.label }), () => rekey(account, {}, { passkey: p.id })));
  } else if (account.passkey) {
    row.append(button(t("security.give-back"), () => rekey(account, { controller: { kind: "custodian" } }, {})));
  }
  return row;
}

async function rekey(account, fields, extra) {
  const prepared = await prepare({ kind: "rekey", account: account.position.id, ...fields }, extra);
  const answer = await submit(prepared, null);
  say(t(answer.status === "DONE" ? "security.rekeyed" : "send.pending"), "good");
}

async function show() {
  const [me, { passkeys }, { sessions }, { accounts }, { events }] = await Promise.all([
    api("GET", "/v1/me"), api("GET", "/v1/me/passkeys"), api("GET", "/v1/me/sessions"), api("GET", "/v1/me/accounts"), api("GET", "/v1/me/security-events"),
  ]);
  part("passkeys").replaceChildren(...passkeys.map(passkeyRow));
  part("sessions").replaceChildren(...sessions.map(sessionRow));
  part("events").replaceChildren(...events.map((e) => eventRow(e, t)));
  part("recoveries").replaceChildren(...recoveries(accounts, show));
  part("control").replaceChildren(...accounts.map((a) => controlRow(a, passkeys)));
  part("app-on").hidden = !me.factors.includes("totp");
  part("app-off").hidden = me.factors.includes("totp");
  part("recovery-left").textContent = t("security.recovery-left", { count: me.recoveryCodes });
}

onSubmit(part("passkey-form"), async (fields) => {
  const ceremony = await api("POST", "/v1/me/passkeys/challenges");
  const body = { token: ceremony.token, credential: await createPasskey(ceremony.options) };
  if (fields.label) body.label = fields.label;
  await api("POST", "/v1/me/passkeys", body);
  part("label").value = "";
  say(t("security.passkey-added"), "good");
  await show();
});

part("app-begin").addEventListener("click", (event) => act(event.currentTarget, async () => {
  const app = await api("POST", "/v1/me/authenticator");
  part("app-qr").src = app.qr;
  part("app-secret").textContent = app.secret.replace(/(.{4})/g, "$1 ").trim();
  part("app-new").hidden = false;
  part("app-off").hidden = true;
  part("app-code").focus();
}));

onSubmit(part("app-form"), async (fields) => {
  await api("POST", "/v1/me/authenticator/confirmations", { code: fields.code.replace(/\s/g, "") });
  part("app-new").hidden = true;
  part("app-qr").removeAttribute("src");
  part("app-secret").textContent = "";
  say(t("security.app-added"), "good");
  await show();
});

part("app-remove").addEventListener("click", (event) => act(event.currentTarget, async () => { await api("DELETE", "/v1/me/authenticator"); await show(); }));

part("recovery-renew").addEventListener("click", (event) => act(event.currentTarget, async () => {
  const { codes } = await api("POST", "/v1/me/recovery-codes");
  part("recovery-codes").replaceChildren(...codes.map((code) => el("li", {}, code)));
  say(t("security.recovery-new"));
  await show();
}));

part("end-others").addEventListener("click", (event) => act(event.currentTarget, async () => { await api("DELETE", "/v1/me/sessions"); await show(); }));

try { await show(); } catch (problem) { await explain(problem); }
document.body.dataset.ready = "true";
