// Consents: seen, given, withdrawn, taken along.
import { act, api, el, explain, ledgerSignature, onSubmit, say, usePasskey, when, words } from "./tally.js";
import { said, vocabulary } from "./labels.js";

const t = await words();
const part = (id) => document.getElementById(id);
const language = document.documentElement.lang;
let called = vocabulary(null);
let prepared = null;

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
    el("strong", {}, consent.recipient), ` · ${called.purpose(consent.purpose)}`, el("br"),
    consent.attributes.map(called.attribute).join(", "), el("br"),
    el("span", { class: "soft" }, `${when(consent.from)} – ${when(consent.until)} · ${status(consent)}`),
    el("div", { class: "row" }, consent.ended ? null : withdraw,
      el("button", { type: "button", class: "quiet", onclick: (e) => act(e.currentTarget, () => receipt(consent)) }, t("consents.receipt"))));
}

async function show() {
  const all = await api("GET", "/v1/me/consents");
  const policy = all.policy?.document;
  called = vocabulary(policy);
  part("consents").replaceChildren(...(all.consents.length ? all.consents.map(card) : [el("li", { class: "soft" }, t("consents.none"))]));
  part("grantee").replaceChildren(...all.grantees.map((g) => el("option", { value: g.member }, g.name)));
  part("purpose").replaceChildren(...(policy?.purposes || []).map((p) => said(p.words, "option", { value: p.code })));
  part("attributes").replaceChildren(...(policy?.attributes || []).map((a) =>
    el("label", { class: "line" }, el("input", { type: "checkbox", name: "attribute", value: a.name }), " ", said(a.words))));
  part("policy").replaceChildren(policy ? said(policy.prose) : t("consents.no-policy"));
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
