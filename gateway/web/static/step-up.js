// The question for another proof of who is there, asked when something sensitive is about to happen.
import { api, el, onSubmit, told, usePasskey, words, Problem } from "./tally.js";

const cancelled = () => new Problem(403, { code: "STEP_UP_REQUIRED" });

/** stepUp asks for the best proof that the customer has, and returns once it was given. */
export async function stepUp() {
  const t = await words();
  const me = await api("GET", "/v1/me");
  const dialog = document.getElementById("step-up");
  return new Promise((resolve, reject) => {
    const done = (work) => async (...given) => {
      problem.textContent = "";
      try {
        await work(...given);
      } catch (failed) {
        problem.textContent = await told(failed);
        return;
      }
      resolve();
      dialog.close();
    };
    const problem = el("p", { class: "note", role: "alert" });
    const parts = [el("h2", { id: "step-up-title" }, t("step-up.title")), el("p", { class: "soft" }, t("step-up.text")), problem];
    if (me.factors.includes("passkey")) {
      parts.push(el("button", { type: "button", onclick: done(async () => {
        const ceremony = await api("POST", "/v1/me/proofs/passkeys/challenges");
        await api("POST", "/v1/me/proofs/passkeys", { token: ceremony.token, credential: await usePasskey(ceremony.options) });
      }) }, t("factor.passkey")));
    }
    if (me.factors.includes("totp")) parts.push(codeForm(t("factor.totp"), t, done((fields) => api("POST", "/v1/me/proofs", { method: "totp", code: fields.code.replace(/\s/g, "") }))));
    if (me.recoveryCodes) {
      const recovery = codeForm(t("factor.recovery"), t, done((fields) => api("POST", "/v1/me/proofs", { method: "recovery", code: fields.code })));
      parts.push(me.factors.length ? el("details", {}, el("summary", {}, t("factor.lost")), recovery) : recovery);
    }
    if (!me.factors.length && !me.recoveryCodes) parts.push(...byCode(t, done, problem));
    parts.push(el("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, t("step-up.cancel")));
    dialog.replaceChildren(...parts);
    dialog.addEventListener("close", () => reject(cancelled()), { once: true });
    dialog.showModal();
  });
}

function codeForm(label, t, work) {
  const form = el("form", {}, el("label", {}, label, el("input", { name: "code", required: true, autocomplete: "one-time-code", maxlength: "24" })), el("button", {}, t("sign-in.confirm")));
  onSubmit(form, work);
  return form;
}

/** byCode sends a code to an address of the customer's that they name. */
function byCode(t, done, problem) {
  let token = "";
  let address = null;
  const confirm = codeForm(t("sign-in.code"), t, done((fields) => api("POST", "/v1/me/proofs", { method: "code", token, code: fields.code, address })));
  confirm.hidden = true;
  const ask = el("form", {}, el("label", {}, t("step-up.address"), el("input", { name: "value", required: true, maxlength: "254", autocomplete: "username" })), el("button", {}, t("sign-in.send")));
  onSubmit(ask, async (fields) => {
    address = { kind: fields.value.includes("@") ? "email" : "phone", value: fields.value };
    try {
      token = (await api("POST", "/v1/me/proofs/codes", { address, language: document.documentElement.lang })).token;
    } catch (failed) {
      problem.textContent = await told(failed);
      return;
    }
    confirm.hidden = false;
    confirm.querySelector("input").focus();
  });
  return [ask, confirm];
}
