// The step before an operation by which others see something: what it is, the notice, the customer's word for it.
import { number, onSubmit } from "./tally.js";
import { prepare, submit } from "./operations.js";

const part = (id) => document.getElementById(id);

/** agreeing gives a function that shows an operation with its notice. done is called with the answer once it was confirmed; back when the customer would rather not. */
export function agreeing({ done, back }) {
  let prepared = null;
  part("back").addEventListener("click", back);
  onSubmit(part("agree-form"), async () => done(await submit(prepared, prepared.notice), prepared));
  return async (operation, summary) => {
    prepared = await prepare(operation);
    part("notice").textContent = prepared.notice?.text || "";
    part("summary").textContent = summary;
    part("agreed").checked = false;
    part("agree").hidden = false;
    part("agreed").focus();
  };
}

/** points writes a number of points as the texts take it. */
export const points = (n) => ({ points: number(n) });
