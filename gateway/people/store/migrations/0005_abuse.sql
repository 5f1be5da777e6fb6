-- Fraud and abuse: what was noticed about accounts, what was decided, what customers were told and what they object to. Of persons nothing but who objected.

-- +goose Up
CREATE TABLE abuse_lanes (
    msp  TEXT    NOT NULL,
    lane INTEGER NOT NULL,
    seq  INTEGER NOT NULL,                      -- The last batch of the lane whose receipts were looked at.
    PRIMARY KEY (msp, lane)
) STRICT, WITHOUT ROWID;

CREATE TABLE abuse_devices (
    account  TEXT    NOT NULL,
    device   BLOB    NOT NULL,                  -- Keyed hash, 16 bytes.
    first_at INTEGER NOT NULL,                  -- Unix seconds, as all times here.
    PRIMARY KEY (account, device)
) STRICT, WITHOUT ROWID;

-- Purchases and returns of an account, by day.
CREATE TABLE abuse_days (
    account   TEXT    NOT NULL,
    day       INTEGER NOT NULL,                 -- Since 1970-01-01.
    purchases INTEGER NOT NULL,
    returns   INTEGER NOT NULL,
    PRIMARY KEY (account, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE abuse_referrals (
    referred TEXT PRIMARY KEY,
    referrer TEXT    NOT NULL,
    at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX abuse_referrals_by_referrer ON abuse_referrals (referrer, at);

CREATE TABLE abuse_flags (
    id         TEXT PRIMARY KEY,                -- Random, 32 hex digits; of the request for a freeze too.
    account    TEXT    NOT NULL,
    rule       TEXT    NOT NULL,                -- Its name in the configuration.
    reason     TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('OPEN', 'CONFIRMED', 'DISMISSED')),
    times      INTEGER NOT NULL,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    decided_at INTEGER,
    decided_by TEXT,                            -- Name of the API key.
    asked      INTEGER NOT NULL DEFAULT 1       -- 0: a request for a freeze is still to be recorded on the ledger.
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX abuse_flags_open ON abuse_flags (account, rule) WHERE state = 'OPEN';
CREATE INDEX abuse_flags_to_ask ON abuse_flags (id) WHERE asked = 0;

CREATE TABLE abuse_notices (
    id       TEXT PRIMARY KEY,
    account  TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    decision TEXT    NOT NULL,                  -- The operation, or the flag.
    reason   TEXT    NOT NULL,
    until    INTEGER NOT NULL,                  -- 0 where there is no end.
    at       INTEGER NOT NULL,
    UNIQUE (account, kind, decision)
) STRICT, WITHOUT ROWID;

CREATE TABLE abuse_objections (
    id          TEXT PRIMARY KEY,               -- As on the ledger.
    notice      TEXT    NOT NULL UNIQUE REFERENCES abuse_notices (id),
    person      TEXT    NOT NULL,
    account     TEXT    NOT NULL,
    decision    TEXT    NOT NULL,
    words       BLOB    NOT NULL,               -- Sealed.
    hash        TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    recorded    INTEGER NOT NULL DEFAULT 0,     -- 1: on the ledger.
    outcome     TEXT,
    answer      BLOB,                           -- Sealed.
    answer_hash TEXT,
    answered_at INTEGER,
    answered_by TEXT,
    settled     INTEGER NOT NULL DEFAULT 1      -- 0: the answer is still to be recorded on the ledger.
) STRICT, WITHOUT ROWID;
CREATE INDEX abuse_objections_open ON abuse_objections (at) WHERE outcome IS NULL;
CREATE INDEX abuse_objections_to_send ON abuse_objections (id) WHERE recorded = 0 OR settled = 0;
CREATE INDEX abuse_objections_by_person ON abuse_objections (person);

-- +goose Down
DROP TABLE abuse_objections;
DROP TABLE abuse_notices;
DROP TABLE abuse_flags;
DROP TABLE abuse_referrals;
DROP TABLE abuse_days;
DROP TABLE abuse_devices;
DROP TABLE abuse_lanes;
