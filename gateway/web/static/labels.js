// How the brand's data policy calls attributes, values and purposes in the customer's language. What it has no words for, the wallet's own texts call; what they don't know is shown as it is.
import { api, day, el, number, words } from "./tally.js";

const language = document.documentElement.lang;
const own = await words();

/** worded gives one text of those by language and the language that it is in: the page's, else English, else any; null when there is none. */
function worded(texts) {
  const found = [language, "en", ...Object.keys(texts || {})].find((l) => texts?.[l]);
  return found ? { text: texts[found], lang: found } : null;
}

/** inWords is the text alone. */
export const inWords = (texts) => worded(texts)?.text || "";

/** said is an element with the text; one in another language than the page's says so, for who has it read out. */
export function said(texts, name = "span", properties = {}, ...more) {
  const one = worded(texts) || { text: "", lang: language };
  return el(name, { ...properties, lang: one.lang === language ? null : one.lang }, one.text, ...more);
}

/** ownWord is a text of the wallet's catalogue, or the code when it has none. */
function ownWord(kind, code) {
  const key = `${kind}.${code}`;
  const text = own(key);
  return text === key ? code : text;
}

/** written is a value in the customer's language, as far as its kind allows. */
function written(value, kind) {
  switch (kind) {
    case "flag": return own(value === "true" ? "surveys.yes" : "surveys.no");
    case "date": return day(value);
    case "number": return number(value);
    default: return value;
  }
}

/** labelled is what stands for a value: the first label that there is, else the value by its kind. Labels by value and language, as a question or an attribute has them. */
export function labelled(value, schema, labels) {
  return worded(labels?.[value]) || worded(schema?.labels?.[value]) || { text: written(value, schema?.kind), lang: language };
}

/** vocabulary gives functions that call things by their words in a policy (its document, or null). */
export function vocabulary(policy) {
  const schema = (name) => policy?.attributes?.find((a) => a.name === name) || (name.startsWith("marketing.") ? { kind: "flag" } : undefined);
  return {
    attribute: (name) => inWords(schema(name)?.words) || ownWord("attribute", name),
    value: (name, value) => labelled(value, schema(name)).text,
    purpose: (code) => inWords(policy?.purposes?.find((p) => p.code === code)?.words) || ownWord("purpose", code),
  };
}

/** policyInForce is the brand's data policy; null while it has none. */
export async function policyInForce() {
  try {
    return (await api("GET", "/v1/me/data-policy")).document;
  } catch (problem) {
    if (problem.code !== "NOT_FOUND") throw problem;
    return null;
  }
}
