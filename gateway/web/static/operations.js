// An operation on an account of the customer's: what has to be told first, the key's signature, and the receipt.
import { api, key, ledgerSignature, usePasskey, Problem } from "./tally.js";

/** passkeySignature has a passkey sign what the gateway prepared and gives the ledger's form of it. */
export async function passkeySignature(prepared, id) {
  const options = { challenge: prepared.challenge, rpId: prepared.relyingParty, userVerification: "required", allowCredentials: id ? [{ type: "public-key", id }] : [] };
  const { response } = await usePasskey(options);
  return { signature: ledgerSignature(response.signature), webauthn: { authenticatorData: response.authenticatorData, clientDataJSON: response.clientDataJSON } };
}

/** prepare asks what the customer has to know. */
export const prepare = (operation, extra = {}) => api("POST", "/v1/me/operations/prepare", { operation, language: document.documentElement.lang, ...extra });

/** submit signs where the account has a key of its own, and sends. agreed is the notice that the customer was shown. */
export async function submit(prepared, agreed, extra = {}) {
  const operation = { ...prepared.operation };
  if (prepared.mandate) {
    if (!prepared.mandate.challenge) throw new Problem(409, { code: "WALLET_KEY", detail: "" });
    operation.authorisation = { mandate: prepared.mandate.mandate, ...(await passkeySignature(prepared.mandate, prepared.passkey)) };
  }
  const body = { operation, ...extra };
  if (agreed) body.acknowledged = agreed.hash;
  return api("POST", "/v1/me/operations", body, { "Idempotency-Key": key(), Prefer: "wait=30" });
}

