// What all pages of the wallet share: texts, calls of the API, elements, messages, passkeys, and the question for another proof of who is there.

const language = document.documentElement.lang;
const texts = fetch(`/wallet/texts/${language}.json`).then((r) => r.json());

/** unfinishedKey is under what name this tab keeps that a confirmation has had no answer yet: see unfinished.js. */
export const unfinishedKey = "tally-unfinished";

/** t gives a text of the catalogue once it is loaded; {name} in it is replaced by values.name. */
export async function t(key, values = {}) {
  const text = (await texts)[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** words gives a function that looks texts up at once, for pages that build many elements. */
export async function words() {
  const all = await texts;
  return (key, values = {}) => (all[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Problem is an RFC 9457 problem document of the API. */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || String(status));
    this.status = status;
    this.code = document.code || "";
    this.document = document;
  }
}

async function send(method, path, body, headers) {
  const options = { method, headers: { Accept: "application/json", ...headers }, credentials: "same-origin", cache: "no-store", redirect: "error" };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const lost = () => { throw new Problem(0, { code: "OFFLINE" }); };
  const response = await fetch(path, options).catch(lost);
  const isJSON = (response.headers.get("Content-Type") || "").includes("json");
  const answer = isJSON ? await response.json().catch(lost) : null;
  if (!response.ok) throw new Problem(response.status, answer || {});
  return answer;
}

/** api calls the gateway. Who isn't signed in is sent to sign in; where a fresh proof is wanted it is asked for, and the call is made again. */
export async function api(method, path, body, headers = {}) {
  try {
    return await send(method, path, body, headers);
  } catch (problem) {
    if (problem.status === 401 && document.body.dataset.page !== "sign-in") {
      location.assign(`/wallet/sign-in?next=${encodeURIComponent(location.pathname)}`);
      return new Promise(() => {});
    }
    if (problem.code !== "STEP_UP_REQUIRED") throw problem;
    const { stepUp } = await import("./step-up.js");
    await stepUp();
    return send(method, path, body, headers);
  }
}

/** key is a fresh idempotency key: the same one goes with a call that is sent again. */
export const key = () => crypto.randomUUID();

/** el makes an element. Properties beginning with "on" are listeners, false and null leave an attribute out; children are elements or texts, never HTML. */
export function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [property, value] of Object.entries(properties)) {
    if (property.startsWith("on")) element.addEventListener(property.slice(2), value);
    else if (value === true) element.setAttribute(property, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(property, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** say shows a message above the page; kind is "good", "bad" or nothing. */
export function say(text, kind = "") {
  const place = document.getElementById("message");
  place.className = kind;
  place.textContent = text;
  if (text) place.scrollIntoView({ block: "nearest" });
}

/** told gives the catalogue's words for what went wrong: by the code, else by what can be done about it, together with the code. The API's own sentences are for developers. */
export async function told(problem) {
  const all = await texts;
  if (problem.name === "NotAllowedError") return all["passkey.cancelled"];
  const known = all[`problem.${problem.code}`] || (problem.document?.class === "retry" && all["problem.busy"]);
  return known || all["problem.unknown"].replace("{code}", problem.code || problem.status || problem.name);
}

/** explain shows what went wrong, and marks the fields of a form that the API names. */
export async function explain(problem, form = null) {
  say(await told(problem), "bad");
  if (form) mark(form, problem.document?.errors || []);
}

/** mark says of fields that they can't be taken; an empty list takes that back. */
function mark(form, errors) {
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  const names = errors.map((e) => e.pointer.split("/").pop());
  const wrong = [...form.elements].filter((field) => field.name && names.includes(field.name) && !field.hidden);
  for (const field of wrong) field.setAttribute("aria-invalid", "true");
  wrong[0]?.focus();
}

/** act runs what a button or form is for: disabled meanwhile, with errors explained. */
export async function act(button, work, form = null) {
  say("");
  if (form) mark(form, []);
  button.disabled = true;
  try {
    return await work();
  } catch (problem) {
    await explain(problem, form);
    return undefined;
  } finally {
    button.disabled = false;
  }
}

/** onSubmit handles a form by a script; fields come as an object of trimmed texts. */
export function onSubmit(form, work) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, typeof value === "string" ? value.trim() : value]));
    act(event.submitter || form.querySelector("button"), () => work(fields, event.submitter), form);
  });
}

/** when formats a time (Unix seconds or RFC 3339) for people. */
export function when(time) {
  const date = typeof time === "number" ? new Date(time * 1000) : new Date(time);
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(date);
}

/** day formats a date YYYY-MM-DD or days since 1970. */
export function day(value) {
  const date = typeof value === "number" ? new Date(value * 86400000) : new Date(`${value}T00:00:00Z`);
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(date);
}

/** number formats points. */
export const number = (value, options = {}) => new Intl.NumberFormat(language, options).format(value);

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
export const base64url = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const descriptors = (list = []) => list.map((c) => ({ ...c, id: bytes(c.id) }));

/** createPasskey makes a passkey for the options of the API and gives what the API takes back. */
export async function createPasskey(options) {
  const credential = await navigator.credentials.create({
    publicKey: { ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) }, excludeCredentials: descriptors(options.excludeCredentials) },
  });
  return {
    id: credential.id, rawId: base64url(credential.rawId), type: credential.type, clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      clientDataJSON: base64url(credential.response.clientDataJSON), attestationObject: base64url(credential.response.attestationObject),
      transports: credential.response.getTransports?.() ?? [],
    },
  };
}

/** usePasskey asks for a passkey's signature over the challenge of the options. */
export async function usePasskey(options) {
  const credential = await navigator.credentials.get({
    publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: descriptors(options.allowCredentials) },
  });
  return {
    id: credential.id, rawId: base64url(credential.rawId), type: credential.type, clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      clientDataJSON: base64url(credential.response.clientDataJSON), authenticatorData: base64url(credential.response.authenticatorData),
      signature: base64url(credential.response.signature), userHandle: credential.response.userHandle ? base64url(credential.response.userHandle) : undefined,
    },
  };
}

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** ledgerSignature writes an ECDSA signature in DER as the ledger wants it: r||s with low s, base64url. */
export function ledgerSignature(der) {
  const raw = typeof der === "string" ? bytes(der) : new Uint8Array(der);
  const integer = (at) => ({ value: raw.slice(at + 2, at + 2 + raw[at + 1]).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n), next: at + 2 + raw[at + 1] });
  const r = integer(2);
  let s = integer(r.next).value;
  if (s > order / 2n) s = order - s;
  const hex = r.value.toString(16).padStart(64, "0") + s.toString(16).padStart(64, "0");
  return base64url(Uint8Array.from(hex.match(/../g), (byte) => parseInt(byte, 16)));
}

document.querySelector(".menu [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }); // On a phone the menu is wider than the page.

const out = document.getElementById("sign-out");
if (document.body.dataset.page !== "sign-in") {
  out.hidden = false;
  out.addEventListener("click", () => act(out, async () => {
    await api("DELETE", "/v1/me/sessions/current");
    sessionStorage.clear(); // Gifts and statements that this tab has kept are not for whoever signs in next.
    location.assign("/wallet/sign-in");
  }));
  if (sessionStorage.getItem(unfinishedKey)) import("./unfinished.js").then((m) => m.tell());
}
