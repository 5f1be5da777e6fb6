// The question for another proof of who is there, asked when something sensitive is about to happen.
import { Problem } from "./tally.js";

export async function stepUp() {
  throw new Problem(403, { code: "STEP_UP_REQUIRED" });
}
