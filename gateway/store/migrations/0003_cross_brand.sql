-- +goose Up

-- The outbox has operations of several programmes: the gateway's own, and partners'. Rows from before have '' until Store.Adopt names their programme.
ALTER TABLE operations ADD COLUMN programme TEXT NOT NULL DEFAULT ''; -- Whose points the operation is about.
ALTER TABLE operations ADD COLUMN partner TEXT NOT NULL DEFAULT '';   -- The other brand of a cross-brand operation; '' at home.
CREATE INDEX operations_unnamed ON operations (rowid) WHERE programme = '';
DROP INDEX operations_open;
-- Queries must repeat "status <> 'DONE'", or SQLite can't tell that the index serves them.
CREATE INDEX operations_open ON operations (programme, status, lane, seq) WHERE status <> 'DONE';

CREATE TABLE pins_of_programmes (
    programme  TEXT    NOT NULL,
    lane       INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    salt       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (programme, lane)
);
INSERT INTO pins_of_programmes (programme, lane, seq, salt, created_at) SELECT '', lane, seq, salt, created_at FROM pins;
DROP TABLE pins;
ALTER TABLE pins_of_programmes RENAME TO pins;

-- What follows is written by the projection only. It is emptied, its checkpoint included, so that it is built again from block 0.

DELETE FROM checkpoint;
DELETE FROM batches;
DELETE FROM lanes;
DELETE FROM programmes;
DELETE FROM records;
DELETE FROM movements;
DELETE FROM debts;
DELETE FROM accounts;
DROP TABLE receipts;

ALTER TABLE accounts ADD COLUMN refundable INTEGER NOT NULL DEFAULT 0; -- Points that partners are to be refunded for, since debts of returned awards were repaid.
-- Queries must repeat "refundable > 0".
CREATE INDEX accounts_refundable ON accounts (programme, id) WHERE refundable > 0;

CREATE TABLE receipts (
    operation  TEXT    NOT NULL,
    programme  TEXT    NOT NULL,                -- Both halves of a swap, and of a swap's return, have a receipt under the operation's id.
    account    TEXT    NOT NULL,
    to_account TEXT    NOT NULL DEFAULT '',     -- '' also where the second account is another programme's.
    kind       TEXT    NOT NULL,
    msp        TEXT    NOT NULL,
    lane       INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    idx        INTEGER NOT NULL,                -- place in the batch, from 0; the body stands there in batches.event
    block      INTEGER NOT NULL,
    tx_time    INTEGER NOT NULL,
    PRIMARY KEY (operation, programme)
);
CREATE INDEX receipts_account ON receipts (account, block, idx);
CREATE INDEX receipts_to ON receipts (to_account, block, idx) WHERE to_account <> '';

-- Credits from outside that wait for their account's next fold.
CREATE TABLE inbox (
    programme TEXT    NOT NULL,
    account   TEXT    NOT NULL,
    msp       TEXT    NOT NULL,
    lane      INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    n         INTEGER NOT NULL,
    partner   TEXT    NOT NULL,
    points    INTEGER NOT NULL,
    block     INTEGER NOT NULL,                 -- In which it came.
    body      BLOB    NOT NULL,                 -- points.InboxEntry
    PRIMARY KEY (programme, account, msp, lane, seq, n)
) WITHOUT ROWID;
CREATE INDEX inbox_oldest ON inbox (programme, block);

-- What holds at partners keep of the pairs' limits, as far as receipts tell: from the hold until it was captured as a whole, voided, or a void or capture found it lapsed.
CREATE TABLE reservations (
    programme TEXT    NOT NULL,
    hold      TEXT    NOT NULL,                 -- Id of the operation that made it.
    account   TEXT    NOT NULL,
    partner   TEXT    NOT NULL,
    points    INTEGER NOT NULL,                 -- Left in the hold.
    single    INTEGER NOT NULL,                 -- 1: the first capture ends it.
    until     INTEGER NOT NULL,                 -- Unix seconds at which the hold lapses.
    PRIMARY KEY (programme, hold)
) WITHOUT ROWID;
CREATE INDEX reservations_until ON reservations (programme, partner, until);

-- +goose Down
DELETE FROM checkpoint;
DROP TABLE reservations;
DROP TABLE inbox;
DROP TABLE receipts;
CREATE TABLE receipts (
    operation  TEXT    PRIMARY KEY,
    programme  TEXT    NOT NULL,
    account    TEXT    NOT NULL,
    to_account TEXT    NOT NULL DEFAULT '',
    kind       TEXT    NOT NULL,
    msp        TEXT    NOT NULL,
    lane       INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    idx        INTEGER NOT NULL,
    block      INTEGER NOT NULL,
    tx_time    INTEGER NOT NULL
);
CREATE INDEX receipts_account ON receipts (account, block, idx);
CREATE INDEX receipts_to ON receipts (to_account, block, idx) WHERE to_account <> '';
DROP INDEX accounts_refundable;
ALTER TABLE accounts DROP COLUMN refundable;
CREATE TABLE pins_of_one_programme (
    lane       INTEGER PRIMARY KEY,
    seq        INTEGER NOT NULL,
    salt       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
);
INSERT INTO pins_of_one_programme (lane, seq, salt, created_at) SELECT lane, seq, salt, created_at FROM pins;
DROP TABLE pins;
ALTER TABLE pins_of_one_programme RENAME TO pins;
DROP INDEX operations_open;
DROP INDEX operations_unnamed;
ALTER TABLE operations DROP COLUMN partner;
ALTER TABLE operations DROP COLUMN programme;
CREATE INDEX operations_open ON operations (status, lane, seq) WHERE status <> 'DONE';
