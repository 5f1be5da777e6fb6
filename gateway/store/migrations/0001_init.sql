-- +goose Up

-- Every operation that this gateway has accepted, or that its member's private details on the ledger tell of. Rows are never deleted: rowid is arrival order.
CREATE TABLE operations (
    rowid       INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    kind        TEXT    NOT NULL,
    account     TEXT    NOT NULL,
    to_account  TEXT    NOT NULL DEFAULT '',
    natural     TEXT    UNIQUE,                 -- keyed hash; NULL without a natural id
    idempotency TEXT    UNIQUE,                 -- keyed hash of caller and key; NULL when the operation has none
    request     TEXT    NOT NULL DEFAULT '',    -- keyed hash of the request's content
    document    BLOB    NOT NULL,               -- points.Operation, canonical JSON; without the authorisation that custody signs per attempt
    details     BLOB    NOT NULL,               -- points.Details, canonical JSON
    custody     INTEGER NOT NULL DEFAULT 0,     -- 1: the custodian key signs it
    status      TEXT    NOT NULL CHECK (status IN ('PENDING', 'PINNED', 'DONE')),
    lane        INTEGER,                        -- of the pin, then of the batch
    seq         INTEGER,
    outcome     TEXT,                           -- ACCEPTED or REJECTED when DONE
    code        TEXT,                           -- of the catalogue when DONE
    receipt     BLOB,                           -- points.Receipt, canonical JSON; NULL when the operation never reached the ledger
    accepted_at INTEGER NOT NULL,
    done_at     INTEGER
);
-- Queries must repeat "status <> 'DONE'", or SQLite can't tell that the index serves them.
CREATE INDEX operations_open ON operations (status, lane, seq) WHERE status <> 'DONE';

-- A batch that has been given to the ledger under (lane, seq) and whose outcome no block has told yet. Its operations are those with status PINNED
-- and this lane and seq, in rowid order. A pin without operations is a fence.
CREATE TABLE pins (
    lane       INTEGER PRIMARY KEY,
    seq        INTEGER NOT NULL,
    salt       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
);

-- Keyed hash of a customer's reference (phone, card) -> account.
CREATE TABLE lookups (
    lookup    TEXT PRIMARY KEY,
    account   TEXT NOT NULL,
    operation TEXT NOT NULL                     -- the opening
) WITHOUT ROWID;

-- What follows is written by the projection only.

CREATE TABLE programmes (
    programme TEXT PRIMARY KEY,
    body      BLOB NOT NULL                     -- points.Programme
) WITHOUT ROWID;

CREATE TABLE lanes (
    programme TEXT    NOT NULL,
    msp       TEXT    NOT NULL,
    n         INTEGER NOT NULL,
    body      BLOB    NOT NULL,                 -- points.Lane
    PRIMARY KEY (programme, msp, n)
) WITHOUT ROWID;

CREATE TABLE batches (
    programme TEXT    NOT NULL,
    msp       TEXT    NOT NULL,
    lane      INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    root      TEXT    NOT NULL,
    count     INTEGER NOT NULL,
    block     INTEGER NOT NULL,
    tx        TEXT    NOT NULL,
    tx_time   INTEGER NOT NULL,
    event     BLOB    NOT NULL,                 -- wire.BatchEvent
    PRIMARY KEY (programme, msp, lane, seq)
);

CREATE TABLE receipts (
    operation  TEXT    PRIMARY KEY,
    programme  TEXT    NOT NULL,
    account    TEXT    NOT NULL,
    to_account TEXT    NOT NULL DEFAULT '',
    kind       TEXT    NOT NULL,
    msp        TEXT    NOT NULL,
    lane       INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    idx        INTEGER NOT NULL,                -- place in the batch, from 0; the body stands there in batches.event
    block      INTEGER NOT NULL,
    tx_time    INTEGER NOT NULL
);
CREATE INDEX receipts_account ON receipts (account, block, idx);
CREATE INDEX receipts_to ON receipts (to_account, block, idx) WHERE to_account <> '';

CREATE TABLE accounts (
    programme TEXT    NOT NULL,
    id        TEXT    NOT NULL,
    posted    INTEGER NOT NULL,
    debt      INTEGER NOT NULL,
    body      BLOB    NOT NULL,                 -- points.Account
    PRIMARY KEY (programme, id)
) WITHOUT ROWID;

-- The last block whose effects the tables hold.
CREATE TABLE checkpoint (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    block      INTEGER NOT NULL,
    block_hash TEXT    NOT NULL
);

-- +goose Down
DROP TABLE checkpoint;
DROP TABLE accounts;
DROP TABLE receipts;
DROP TABLE batches;
DROP TABLE lanes;
DROP TABLE programmes;
DROP TABLE lookups;
DROP TABLE pins;
DROP TABLE operations;
