// A receipt as its customer reads it: what happened, seen from their side, and what it did to their points.

// Moves that change what is free and not what is owned, or that are counted where the points came in.
const within = new Set(["pinned", "released", "repaid", "folded"]);
const sum = (moves, counts) => (moves || []).filter(counts).reduce((all, m) => all + m.points, 0);

/** change gives the points that were gained or lost by the accounts in mine, those that were reserved (set free again: negative), and the key of the text that names it. */
export function change(receipt, mine) {
  if (receipt.outcome === "REJECTED") return { points: 0, reserved: 0, text: `kind.${receipt.kind}` };
  const from = mine.has(receipt.account);
  const to = Boolean(receipt.to) && mine.has(receipt.to);
  const counts = (m) => !within.has(m.cause) && (m.cause !== "expired" || receipt.kind === "expire");
  const points = (from ? sum(receipt.moves, counts) - receipt.debtIncurred : 0) + (to ? sum(receipt.toMoves, counts) : 0);
  const reserved = from ? -sum(receipt.moves, (m) => m.cause === "pinned" || m.cause === "released") : 0;
  return { points, reserved, text: named(receipt, from, to) };
}

function named(receipt, from, to) {
  if (receipt.kind === "transfer" && to && !from) return receipt.toMoves?.length ? "history.received" : "history.offered";
  if (receipt.kind === "accept" && to && !from) return "history.taken";
  return `kind.${receipt.kind}`;
}
