// A gift's code as people hand it on: a link, whose part behind the # no browser sends anywhere.

const form = /([0-9a-f]{32})\.([A-Za-z0-9_-]{22,128})$/;
const kept = "tally-gift";

/** giftLink is what the sender hands on. */
export const giftLink = (hold, code) => `${location.origin}/wallet/transfers#${hold}.${code}`;

/** readGift finds the gift in a link, or in what is left of one; null when there is none. */
export function readGift(text) {
  const found = form.exec(text.trim());
  return found && { hold: found[1], claimCode: found[2] };
}

/** openedGift is the gift of the link by which the page was opened. It is out of the address bar at once, and kept in this tab while its reader signs in. */
export function openedGift() {
  if (readGift(location.hash)) {
    sessionStorage.setItem(kept, location.hash.slice(1));
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(kept) || "";
}

// A link that is followed while its page is open changes nothing but the part behind the #.
addEventListener("hashchange", () => { if (readGift(location.hash)) location.reload(); });

/** forgetGift is for a gift that was taken, or that is none: it is kept no longer. Another one that this tab keeps stays. */
export function forgetGift({ hold, claimCode }) {
  if (sessionStorage.getItem(kept) === `${hold}.${claimCode}`) sessionStorage.removeItem(kept);
}
