// Consents: seen, given, withdrawn, taken along.
import { act, api, el, explain, ledgerSignature, onSubmit, say, usePasskey, when, words } from "./tally.js";

const t = await words();
const part = (id) => document.getElementById(id);
const language = document.documentElement.lang;
const inWords = (texts = {}) => texts[language] || texts.en || Object.values(texts)[0] || "";
let policy = null;
let prepared = null;

const called = (list, name, key) => inWords((list || []).find((one) => one[key] === name)?.words) || name;
const attribute = (name) => called(policy?.document.attributes, name, "name");
const purpose = (code) => called(policy?.document.purposes, code, "code");

function status(consent) {
  if (consent.ended) return t(`consents.${consent.ended}`) + (consent.complete ? "" : ` ${t("consents.under-way")}`);
  return consent.inForce ? t("consents.in-force") : t("consents.under-way");
}

async function receipt(consent) {
  const body = await api("GET", `/v1/me/consents/${consent.consent}/receipt`);
  const file = URL.createObjectURL(new Blob([JSON.stringify(body, null, 2)], { type: "application/json" }));
  el("a", { href: file, download: `consent-${consent.consent}.json` }).click();
  URL.revokeObjectURL(file);
}

function card(consent) {
  const withdraw = el("button", { type: "button", class: "quiet", onclick: (e) => act(e.currentTarget, async () => {
    await api("DELETE", `/v1/me/consents/${consent.consent}`);
    say(t("consents.withdrawn-said"), "good");
    await show();
  }) }, t("consents.withdraw"));
  return el("li", {},
    el("strong", {}, consent.recipient), ` · ${purpose(consent.purpose)}`, el("br"),
    consent.attributes.map(attribute).join(", "), el("br"),
    el("span", { class: "soft" }, `${when(consent.from)} – ${when(consent.until)} · ${status(consent)}`),
    el("div", { class: "row" }, consent.ended ? null : withdraw,
      el("button", { type: "button", class: "quiet", onclick: (e) => act(e.currentTarget, () => receipt(consent)) }, t("consents.receipt"))));
}

async function show() {
  const all = await api("GET", "/v1/me/consents");
  policy = all.policy || null;
  part("consents").replaceChildren(...(all.consents.length ? all.consents.map(card) : [el("li", { class: "soft" }, t("consents.none"))]));
  part("grantee").replaceChildren(...all.grantees.map((g) => el("option", { value: g.member }, g.name)));
  part("purpose").replaceChildren(...(policy?.document.purposes || []).map((p) => el("option", { value: p.code }, inWords(p.words))));
  part("attributes").replaceChildren(...(policy?.document.attributes || []).map((a) =>
    el("label", { class: "line" }, el("input", { type: "checkbox", name: "attribute", value: a.name }), ` ${inWords(a.words)}`)));
  part("policy").textContent = policy ? inWords(policy.document.prose) : t("consents.no-policy");
}

onSubmit(part("wish-form"), async (fields) => {
  const attributes = [...document.querySelectorAll("input[name=attribute]:checked")].map((box) => box.value);
  if (!attributes.length) return say(t("consents.choose"), "bad");
  prepared = await api("POST", "/v1/me/consents/preparations", {
    grantee: fields.grantee, purpose: fields.purpose, attributes, until: `${fields.until}T23:59:59Z`, language,
  });
  part("notice-text").textContent = prepared.notice.text;
  part("notice").hidden = false;
  part("agree").focus();
});

part("refuse").addEventListener("click", () => { part("notice").hidden = true; prepared = null; });

part("agree").addEventListener("click", (event) => act(event.currentTarget, async () => {
  const agreement = { body: prepared.body };
  if (prepared.signed) {
    if (!prepared.challenge) return say(t("consents.other-wallet"), "bad");
    const signed = await usePasskey({ challenge: prepared.challenge, rpId: prepared.relyingParty, userVerification: "required", allowCredentials: [] });
    agreement.signature = ledgerSignature(signed.response.signature);
    agreement.webauthn = { authenticatorData: signed.response.authenticatorData, clientDataJSON: signed.response.clientDataJSON };
  }
  await api("POST", "/v1/me/consents", agreement);
  part("notice").hidden = true;
  say(t("consents.thanks"), "good");
  await show();
}));

try { await show(); } catch (problem) { await explain(problem); }
document.body.dataset.ready = "true";
