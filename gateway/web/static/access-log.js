// Who did what with the customer's data, and why.
import { act, api, el, explain, when, words } from "./tally.js";
import { policyInForce, vocabulary } from "./labels.js";

const t = await words();
const part = (id) => document.getElementById(id);
let next = null;
let called = vocabulary(null);

function who(actor) {
  if (actor === "person") return t("access-log.you");
  if (actor.startsWith("partner/")) return actor.slice("partner/".length);
  return t("access-log.brand", { name: actor });
}

const did = (action) => { const key = `access-log.${action}`; const text = t(key); return text === key ? action : text; };

async function show() {
  const page = await api("GET", `/v1/me/access-log${next ? `?before=${next}` : ""}`);
  part("log").append(...page.lines.map((line) => el("li", {},
    el("strong", {}, who(line.actor)), ` ${did(line.action)}: ${line.attributes.map(called.attribute).join(", ") || "–"}`, el("br"),
    el("span", { class: "soft" }, `${when(line.at)} · ${called.purpose(line.purpose)}`))));
  next = page.next || null;
  part("more").hidden = !next;
}

part("more").addEventListener("click", (event) => act(event.currentTarget, show));
try { called = vocabulary(await policyInForce()); await show(); } catch (problem) { await explain(problem); }
document.body.dataset.ready = "true";
