// Signing in: an address, its code, and what comes next.
import { act, api, onSubmit, say, t, usePasskey } from "./tally.js";

const part = (id) => document.getElementById(id);
let address = null;
let token = "";
let ticket = "";

function show(id) {
  for (const other of ["ask", "confirm", "register", "factor"]) part(other).hidden = other !== id;
  part(id).querySelector("input:not([type=radio])")?.focus();
}

/** next goes where the gateway says. */
function next(progress) {
  ticket = progress.ticket || "";
  if (progress.next === "register") return show("register");
  if (progress.next === "second-factor") {
    part("factor-passkey").hidden = !progress.methods.includes("passkey");
    part("totp-form").hidden = !progress.methods.includes("totp");
    part("factor-recovery").hidden = !progress.methods.includes("recovery");
    return show("factor");
  }
  const wanted = new URLSearchParams(location.search).get("next") || "/wallet/";
  location.assign(wanted.startsWith("/wallet/") ? wanted : "/wallet/");
  return undefined;
}

for (const radio of document.querySelectorAll("[name=kind]")) {
  radio.addEventListener("change", async () => {
    const input = part("value");
    input.type = radio.value === "email" ? "email" : "tel";
    part("value-label").textContent = await t(radio.value === "email" ? "sign-in.email-address" : "sign-in.phone-number");
  });
}

onSubmit(part("ask-form"), async (fields) => {
  address = { kind: fields.kind, value: fields.value };
  token = (await api("POST", "/v1/sign-in/codes", { address, language: document.documentElement.lang })).token;
  say(await t("sign-in.sent"));
  show("confirm");
});

part("again").addEventListener("click", () => { say(""); show("ask"); });

onSubmit(part("confirm-form"), async (fields) => next(await api("POST", "/v1/sign-in/codes/confirmations", { token, code: fields.code, address })));

onSubmit(part("register-form"), async (fields) => {
  const body = { ticket, address, language: document.documentElement.lang };
  if (fields.name) body.name = fields.name;
  next(await api("POST", "/v1/sign-in/registrations", body));
});

onSubmit(part("totp-form"), async (fields) => next(await api("POST", "/v1/sign-in/factors", { ticket, method: "totp", code: fields.code.replace(/\s/g, "") })));
onSubmit(part("recovery-form"), async (fields) => next(await api("POST", "/v1/sign-in/factors", { ticket, method: "recovery", code: fields.code })));

async function byPasskey(body) {
  const ceremony = await api("POST", "/v1/sign-in/passkeys/challenges", body);
  next(await api("POST", "/v1/sign-in/passkeys", { token: ceremony.token, credential: await usePasskey(ceremony.options) }));
}
part("passkey").addEventListener("click", (event) => act(event.currentTarget, () => byPasskey({})));
part("use-passkey").addEventListener("click", (event) => act(event.currentTarget, () => byPasskey({ ticket })));
document.body.dataset.ready = "true";
