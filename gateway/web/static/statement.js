// The statement by which an account's own key says that whoever asks controls it, on its way between the wallets of two brands. It travels behind the # of an address, which no browser
// sends anywhere, and is taken out of the address bar at once.
import { base64url } from "./tally.js";

const purpose = "tallystick account link";
const longest = 15 * 60; // Seconds for which a statement can be signed: a gateway asks for 5 minutes, and clocks differ.
const members = ["account", "gateway", "genesis", "nonce", "notAfter", "programme", "purpose"]; // Ascending, as RFC 8785 writes them.

const encode = (text) => base64url(new TextEncoder().encode(text));
const decode = (text) => new TextDecoder().decode(Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0)));

function read(text) {
  try {
    return JSON.parse(decode(text));
  } catch {
    return null;
  }
}

/** carried is what an address carries to this page, kept in this tab while its reader signs in; null when that is nothing of ours. */
export function carried(kept) {
  if (location.hash.length > 1) {
    sessionStorage.setItem(kept, location.hash.slice(1));
    history.replaceState(null, "", location.pathname);
  }
  return read(sessionStorage.getItem(kept));
}

// An address that is followed while its page is open changes nothing but the part behind the #.
addEventListener("hashchange", () => { if (read(location.hash.slice(1))) location.reload(); });

export const drop = (kept) => sessionStorage.removeItem(kept);

/** address is a page of a wallet that is given something. */
export const address = (origin, page, given) => `${origin}/wallet/${page}#${encode(JSON.stringify(given))}`;

/** readStatement reads a statement, and nothing that has other members or is written otherwise: no mandate is ever signed as one. Null when it is none, too old, or good for too long. */
export function readStatement(canonical) {
  let statement;
  try {
    statement = JSON.parse(canonical);
  } catch {
    return null;
  }
  if (!statement || JSON.stringify(statement, members) !== canonical || Object.keys(statement).length !== members.length) return null;
  const left = statement.notAfter - Date.now() / 1000;
  return statement.purpose === purpose && left > 0 && left < longest ? statement : null;
}

/** challengeOf is what a passkey signs of a statement: its SHA-256. */
export const challengeOf = async (canonical) => base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical)));
