// Surveys: what the brand asks, and what the customer answers.
import { api, el, explain, onSubmit, say, when, words } from "./tally.js";
import { inWords, labelled, said } from "./labels.js";

const t = await words();
const language = document.documentElement.lang;

function field(question, schema) {
  const common = { name: question.attribute, required: question.required };
  const option = (value) => {
    const { text, lang } = labelled(value, schema, question.labels);
    return el("option", { value, lang: lang === language ? null : lang }, text);
  };
  const select = (values) => el("select", common, el("option", { value: "" }, "–"), values.map(option));
  switch (schema?.kind) {
    case "choice": return select(schema.choices);
    case "flag": return select(["true", "false"]);
    case "date": return el("input", { ...common, type: "date" });
    case "number": return el("input", { ...common, type: "number", step: 1 });
    default: return el("input", { ...common, maxlength: schema?.maxBytes });
  }
}

function card({ survey, attributes, answered }, policy) {
  const section = el("section", { class: "card" }, said(survey.title, "h2"));
  if (answered) {
    section.append(el("p", { class: "soft" }, t("surveys.answered", { when: when(answered) })));
    return section;
  }
  const reason = policy.document.purposes.find((p) => p.code === survey.purpose);
  const form = el("form", { class: "narrow" },
    survey.questions.map((q) => el("label", {}, said(q.words), field(q, attributes.find((a) => a.name === q.attribute)))),
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
