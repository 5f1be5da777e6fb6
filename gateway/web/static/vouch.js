// Another brand's wallet asks whether an account here is its customer's: the account's passkey says so, once its owner wants it.
import { api, explain, onSubmit, words } from "./tally.js";
import { passkeySignature } from "./operations.js";
import { address, carried, challengeOf, drop, readStatement } from "./statement.js";

const t = await words();
const part = (id) => document.getElementById(id);
const kept = "tally-vouch";

function show(id) {
  for (const other of ["ask", "done", "nothing"]) part(other).hidden = other !== id;
}

/** asked finds who asks for what; null unless it is a statement about an account of the customer's under a passkey, asked for on this network at a wallet that the ledger knows. */
async function asked() {
  const given = carried(kept);
  const statement = given && readStatement(given.statement);
  if (!statement) return null;
  const [{ accounts }, { partners }] = await Promise.all([api("GET", "/v1/me/accounts"), api("GET", "/v1/me/partners")]);
  const account = accounts.find((a) => a.own && a.passkey && a.programme === statement.programme && a.position.id === statement.account);
  const asker = partners.find((p) => p.member === statement.gateway && p.wallets.includes(given.back));
  const here = partners.find((p) => p.own);
  return account && asker && here.genesis === statement.genesis ? { ...given, account, asker, relyingParty: here.relyingParty, token: statement.nonce } : null;
}

try {
  const one = await asked();
  show(one ? "ask" : "nothing");
  if (!one) drop(kept);
  if (one) {
    part("refuse").addEventListener("click", () => drop(kept));
    part("asks").textContent = t("vouch.asks", { name: one.asker.name });
    part("account").textContent = one.account.position.id;
    onSubmit(part("vouch-form"), async () => {
      const signed = await passkeySignature({ challenge: await challengeOf(one.statement), relyingParty: one.relyingParty }, one.account.passkey);
      drop(kept);
      part("return").textContent = t("vouch.return", { name: one.asker.name });
      part("return").href = address(one.back, "link", { token: one.token, ...signed });
      show("done");
      part("return").focus();
    });
  }
} catch (problem) {
  await explain(problem);
}
document.body.dataset.ready = "true";
