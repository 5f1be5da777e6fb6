-- +goose Up

-- What follows is written by the projection only. It is emptied, its checkpoint included, so that it is built again from block 0: what the new tables hold can't be had
-- from the old ones.

DELETE FROM checkpoint;
DELETE FROM receipts;
DELETE FROM batches;
DELETE FROM lanes;
DELETE FROM programmes;
DELETE FROM accounts;
DELETE FROM records;
DELETE FROM movements;
DELETE FROM debts;
DELETE FROM inbox;
DELETE FROM reservations;

-- Records of clearing as the ledger has them: public ones, and those of the pairs whose private data the own peer holds. What was deleted stays as a row without a body, so
-- that an older value which the peer gets later doesn't come back.
CREATE TABLE clearing_records (
    collection TEXT    NOT NULL,                -- '' for public records, otherwise pair-<a>-<b>.
    object     TEXT    NOT NULL,                -- As in the ledger's key,
    id         TEXT    NOT NULL,                -- and its other attributes, joined by slashes.
    block      INTEGER NOT NULL,                -- Where it was last written,
    tx         INTEGER NOT NULL,                -- and the transaction's place in that block.
    body       BLOB,                            -- Canonical JSON; NULL once it was deleted.
    PRIMARY KEY (collection, object, id)
) WITHOUT ROWID;

-- Every public record of clearing as it was written, so that what a transaction found can be had again: members recompute a netting before they sign its result.
CREATE TABLE clearing_history (
    object TEXT    NOT NULL,
    id     TEXT    NOT NULL,
    block  INTEGER NOT NULL,
    tx     INTEGER NOT NULL,
    body   BLOB,                                -- NULL where it was deleted.
    PRIMARY KEY (object, id, block, tx)
) WITHOUT ROWID;

-- Cross-brand batches of the pairs whose private data the own peer holds.
CREATE TABLE exchanges (
    home     TEXT    NOT NULL,                  -- Member whose programme's accounts the operations are on.
    msp      TEXT    NOT NULL,
    lane     INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    a        TEXT    NOT NULL,                  -- The pair, by name.
    b        TEXT    NOT NULL,
    currency TEXT    NOT NULL,
    window   INTEGER NOT NULL,
    salt     TEXT    NOT NULL,                  -- Of the batch, hex: an operation's own salt, which discloses its obligation alone, derives from it.
    block    INTEGER NOT NULL,
    tx       INTEGER NOT NULL,
    time     INTEGER NOT NULL,                  -- Of the transaction, Unix seconds.
    PRIMARY KEY (home, msp, lane, seq)
) WITHOUT ROWID;

-- What operations make two brands owe each other, in 10^-6 of the currency's minor unit; that of a return is negative.
CREATE TABLE obligations (
    operation  TEXT    NOT NULL,
    home       TEXT    NOT NULL,
    msp        TEXT    NOT NULL,
    lane       INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    idx        INTEGER NOT NULL,                -- Place in the batch, from 0.
    a          TEXT    NOT NULL,
    b          TEXT    NOT NULL,
    currency   TEXT    NOT NULL,
    window     INTEGER NOT NULL,
    service    TEXT    NOT NULL,
    debtor     TEXT    NOT NULL,
    creditor   TEXT    NOT NULL,
    micro      INTEGER NOT NULL,
    fee_debtor TEXT    NOT NULL DEFAULT '',
    fee        INTEGER NOT NULL DEFAULT 0,
    agreement  INTEGER NOT NULL,
    a_owes     INTEGER NOT NULL,                -- What A owes B by it, fee included,
    b_owes     INTEGER NOT NULL,                -- and what B owes A.
    block      INTEGER NOT NULL,
    tx         INTEGER NOT NULL,
    time       INTEGER NOT NULL,
    PRIMARY KEY (home, msp, lane, seq, idx)
) WITHOUT ROWID;
CREATE INDEX obligations_operation ON obligations (operation);
CREATE INDEX obligations_window ON obligations (currency, window, a, b, block, tx, idx);

-- Why operations of the pairs whose private data the own peer holds were refused for a limit.
CREATE TABLE limit_refusals (
    operation TEXT PRIMARY KEY,
    body      BLOB NOT NULL                     -- store.LimitRefusal
) WITHOUT ROWID;

-- What a treasury follows, in the ledger's order.
CREATE TABLE clearing_events (
    block INTEGER NOT NULL,
    n     INTEGER NOT NULL,                     -- Within the block, from 0.
    kind  TEXT    NOT NULL,
    body  BLOB    NOT NULL,                     -- store.ClearingEvent
    PRIMARY KEY (block, n)
) WITHOUT ROWID;

-- Transactions whose private data the own peer is to have and had not when it delivered their block.
CREATE TABLE clearing_gaps (
    block      INTEGER NOT NULL,
    tx         INTEGER NOT NULL,
    collection TEXT    NOT NULL,
    PRIMARY KEY (block, tx, collection)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE clearing_gaps;
DROP TABLE clearing_events;
DROP TABLE limit_refusals;
DROP INDEX obligations_window;
DROP INDEX obligations_operation;
DROP TABLE obligations;
DROP TABLE exchanges;
DROP TABLE clearing_history;
DROP TABLE clearing_records;
