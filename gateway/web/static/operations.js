// An operation on an account of the customer's: what has to be told first, the key's signature, and the receipt.
import { api, key, ledgerSignature, usePasskey, Problem } from "./tally.js";
import { forgetSent, isOpen, openKey, rememberSent } from "./unfinished.js";

/** passkeySignature has a passkey sign what the gateway prepared and gives the ledger's form of it. */
export async function passkeySignature(prepared, id) {
  const options = { challenge: prepared.challenge, rpId: prepared.relyingParty, userVerification: "required", allowCredentials: id ? [{ type: "public-key", id }] : [] };
  const { response } = await usePasskey(options);
  return { signature: ledgerSignature(response.signature), webauthn: { authenticatorData: response.authenticatorData, clientDataJSON: response.clientDataJSON } };
}

/** prepare asks what the customer has to know. Whatever is prepared once is recorded once: its idempotency key is drawn here, and goes with every submission of it. While it isn't known what
 *  became of an earlier confirmation its key serves again: of all that is sent under one key only one thing is recorded. */
export async function prepare(operation, extra = {}) {
  const name = openKey() || key();
  const prepared = await api("POST", "/v1/me/operations/prepare", { operation, language: document.documentElement.lang, ...extra }, { "Idempotency-Key": name });
  return { ...prepared, key: name };
}

/** signed is what is sent of an operation: signed where the account has a key of its own. */
async function signed(prepared, agreed) {
  const operation = { ...prepared.operation };
  if (prepared.mandate) {
    if (!prepared.mandate.challenge) throw new Problem(409, { code: "WALLET_KEY", detail: "" });
    operation.authorisation = { mandate: prepared.mandate.mandate, ...(await passkeySignature(prepared.mandate, prepared.passkey)) };
  }
  return agreed ? { operation, acknowledged: agreed.hash } : { operation };
}

/** submit sends what was prepared; agreed is the notice that the customer was shown. When the answer is lost it is called again with the same, which is told what became of the first: a passkey
 *  doesn't sign the same thing twice in the same way, so what was sent is kept. Until an answer has come this tab remembers the key, for when the page is left meanwhile. */
export async function submit(prepared, agreed) {
  prepared.body ??= await signed(prepared, agreed);
  rememberSent(prepared.key);
  try {
    const answer = await api("POST", "/v1/me/operations", prepared.body, { "Idempotency-Key": prepared.key, Prefer: "wait=30" });
    forgetSent(prepared.key);
    return answer;
  } catch (problem) {
    prepared.open ||= isOpen(problem);
    if (!prepared.open || problem.document?.operation) forgetSent(prepared.key); // A refusal with an operation in it is the ledger's, and final.
    throw problem;
  }
}
