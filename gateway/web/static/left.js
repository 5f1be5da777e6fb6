// Transfers that the customer would rather not see: remembered by this browser alone. The ledger knows no refusal: what nobody takes goes back by itself.

const kept = "tally-left";
const most = 100; // The oldest are forgotten: they have lapsed long since.

function list() {
  try {
    return JSON.parse(localStorage.getItem(kept)) || [];
  } catch {
    return [];
  }
}

export const isLeft = (hold) => list().includes(hold);
export const leave = (hold) => localStorage.setItem(kept, JSON.stringify([...list(), hold].slice(-most)));
