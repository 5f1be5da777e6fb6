// Surveys: what the brand asks, and what the customer answers.
import { api, el, explain, onSubmit, say, when, words } from "./tally.js";

const t = await words();
const language = document.documentElement.lang;
const inWords = (texts = {}) => texts[language] || texts.en || Object.values(texts)[0] || "";

function field(question, schema) {
  const common = { name: question.attribute, required: question.required };
  const option = (value, text) => el("option", { value }, text);
  switch (schema?.kind) {
    case "choice": return el("select", common, option("", "–"), schema.choices.map((c) => option(c, c)));
    case "flag": return el("select", common, option("", "–"), option("true", t("surveys.yes")), option("false", t("surveys.no")));
    case "date": return el("input", { ...common, type: "date" });
    case "number": return el("input", { ...common, type: "number", step: 1 });
    default: return el("input", { ...common, maxlength: schema?.maxBytes });
  }
}

function card({ survey, attributes, answered }, policy) {
  const section = el("section", { class: "card" }, el("h2", {}, inWords(survey.title)));
  if (answered) {
    section.append(el("p", { class: "soft" }, t("surveys.answered", { when: when(answered) })));
    return section;
  }
  const reason = policy.document.purposes.find((p) => p.code === survey.purpose);
  const form = el("form", { class: "narrow" },
    survey.questions.map((q) => el("label", {}, inWords(q.words), field(q, attributes.find((a) => a.name === q.attribute)))),
    el("p", { class: "soft" }, t("surveys.purpose", { purpose: inWords(reason?.words) })), survey.rewarded ? el("p", {}, t("surveys.rewarded")) : null,
    el("button", {}, t("surveys.send")));
  onSubmit(form, async (fields) => {
    const answers = Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
    await api("POST", `/v1/me/surveys/${survey.id}/answers`, { policy: policy.version, policyHash: policy.hash, language, answers });
    say(t("surveys.thanks"), "good");
    await show();
  });
  section.append(form);
  return section;
}

async function show() {
  const { surveys, policy } = await api("GET", "/v1/me/surveys");
  const place = document.getElementById("surveys");
  place.replaceChildren(...(surveys.length ? surveys.map((s) => card(s, policy)) : [el("p", { class: "soft" }, t("surveys.none"))]));
}

try { await show(); } catch (problem) { await explain(problem); }
document.body.dataset.ready = "true";
