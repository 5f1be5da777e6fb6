// A further account of the customer's, of any programme: told what it means, then shown to be theirs by its own key.
import { api, explain, onSubmit, say, words } from "./tally.js";
import { passkeySignature } from "./operations.js";
import { address, carried, drop, readStatement } from "./statement.js";

const t = await words();
const part = (id) => document.getElementById(id);
const kept = "tally-link";
let prepared = null;

function show(id) {
  for (const other of ["choose", "elsewhere", "by-key"]) part(other).hidden = other !== id;
  part(`${id}-title`)?.focus();
}

async function confirm(signed) {
  await api("POST", "/v1/me/accounts/links", signed);
  drop(kept);
  part("link-form").reset();
  show("choose");
  say(t("link.done"), "good");
}

/** elsewhere sends the customer to the wallet whose passkey controls the account: no other page may ask for its signature. */
function elsewhere(partner) {
  part("elsewhere-text").textContent = t("link.elsewhere-text", { name: partner.name });
  part("go").textContent = t("link.go", { name: partner.name });
  part("go").href = address(partner.wallets[0], "vouch", { statement: prepared.canonical, back: location.origin });
  show("elsewhere");
}

onSubmit(part("link-form"), async (fields) => {
  prepared = await api("POST", "/v1/me/accounts/links/challenges", { account: fields.account });
  if (!prepared.challenge) {
    part("statement").textContent = prepared.canonical;
    return show("by-key");
  }
  const { partners } = await api("GET", "/v1/me/partners");
  const partner = partners.find((p) => p.member === readStatement(prepared.canonical)?.programme);
  if (!partner?.wallets.length) return say(t("problem.WALLET_KEY"), "bad");
  if (!partner.wallets.includes(location.origin)) return elsewhere(partner);
  return confirm({ token: prepared.token, ...(await passkeySignature(prepared)) });
});

onSubmit(part("key-form"), (fields) => confirm({ token: prepared.token, signature: fields.signature }));

const given = carried(kept);
if (given?.token) {
  try {
    await confirm({ token: given.token, signature: given.signature, webauthn: given.webauthn });
  } catch (problem) {
    drop(kept);
    await explain(problem);
  }
} else {
  drop(kept);
}
document.body.dataset.ready = "true";
