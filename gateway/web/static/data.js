// The customer's own data: seen, changed, proved, taken along.
import { act, api, el, explain, onSubmit, say, words } from "./tally.js";
import { policyInForce, vocabulary } from "./labels.js";

const t = await words();
const part = (id) => document.getElementById(id);
const inForm = ["name", "birthday", "language"];
const addresses = ["email", "phone"];
let known = new Map();
let pending = null;

async function show() {
  const [{ attributes }, policy] = await Promise.all([api("GET", "/v1/me/profile"), policyInForce()]);
  const called = vocabulary(policy);
  known = new Map(attributes.filter((a) => inForm.includes(a.name)).map((a) => [a.name, a.value]));
  for (const name of inForm) part(name).value = known.get(name) || "";
  part("addresses").replaceChildren(...attributes.filter((a) => addresses.includes(a.name)).map((a) => el("li", {}, a.value)));
  const others = attributes.filter((a) => !inForm.includes(a.name) && !addresses.includes(a.name));
  part("others").replaceChildren(...others.map((a) => el("li", {}, el("strong", {}, called.attribute(a.name)), ` ${called.value(a.name, a.value)}`)));
  if (!others.length) part("others").replaceChildren(el("li", { class: "soft" }, t("data.none")));
}

onSubmit(part("profile-form"), async (fields) => {
  const set = inForm.filter((name) => fields[name]).map((name) => ({ name, value: fields[name] }));
  const remove = inForm.filter((name) => !fields[name] && known.has(name));
  await api("PATCH", "/v1/me/profile", { set, remove });
  say(t("data.saved"), "good");
  await show();
});

onSubmit(part("address-form"), async (fields) => {
  const address = { kind: fields.value.includes("@") ? "email" : "phone", value: fields.value };
  const { token } = await api("POST", "/v1/me/addresses", { address, language: document.documentElement.lang });
  pending = { token, address };
  part("address-code-form").hidden = false;
  part("address-code").focus();
});

onSubmit(part("address-code-form"), async (fields) => {
  await api("POST", "/v1/me/addresses/confirmations", { ...pending, code: fields.code });
  part("address-code-form").hidden = true;
  part("address").value = "";
  say(t("data.added"), "good");
  await show();
});

part("export").addEventListener("click", (event) => act(event.currentTarget, async () => {
  const everything = await api("GET", "/v1/me/export");
  const file = URL.createObjectURL(new Blob([JSON.stringify(everything, null, 2)], { type: "application/json" }));
  el("a", { href: file, download: "my-data.json" }).click();
  URL.revokeObjectURL(file);
}));

try { await show(); } catch (problem) { await explain(problem); }
document.body.dataset.ready = "true";
