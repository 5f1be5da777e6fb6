package vault

// Late is how long after it was taken back a change's entries are purged.
const Late = late
