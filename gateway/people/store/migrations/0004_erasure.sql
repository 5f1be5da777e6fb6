-- Erasures on their way and done, legal holds, and what retention has removed. Once a person's key is destroyed nothing here names the person. Times are Unix milliseconds, 0 for
-- what hasn't happened.

-- +goose Up
CREATE TABLE erasures (
    id           TEXT PRIMARY KEY,              -- Random, 32 hex digits.
    person       TEXT UNIQUE,                   -- NULL once the key is destroyed.
    reason       TEXT NOT NULL CHECK (reason IN ('request', 'retention')),
    actor        TEXT NOT NULL,                 -- Who asked for it; empty once the key is destroyed.
    step         TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    settle_by    INTEGER NOT NULL,
    destroyed_at INTEGER NOT NULL DEFAULT 0,
    done_at      INTEGER NOT NULL DEFAULT 0,
    entries      INTEGER NOT NULL DEFAULT 0,
    consents     INTEGER NOT NULL DEFAULT 0,
    trouble      TEXT NOT NULL DEFAULT '',      -- Code of what keeps it from going on.
    tried        INTEGER NOT NULL DEFAULT 0,    -- Failures of this step.
    due          INTEGER NOT NULL DEFAULT 0,    -- Not to be tried before.
    certificate  BLOB,                          -- Canonical JSON.
    batch        TEXT REFERENCES erasure_batches (id),
    leaf         INTEGER NOT NULL DEFAULT 0     -- Place of the certificate in its batch's tree.
) STRICT;
CREATE INDEX erasures_open ON erasures (due_at) WHERE step <> 'done';
CREATE INDEX erasures_by_batch ON erasures (batch, leaf) WHERE batch IS NOT NULL;

-- Certificates under one root on the ledger.
CREATE TABLE erasure_batches (
    id          TEXT PRIMARY KEY,               -- Random, 32 hex digits: the record's id on the ledger.
    root        TEXT NOT NULL,
    count       INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    recorded_at INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What is left to purge from the ledger.
CREATE TABLE erasure_entries (
    erasure TEXT NOT NULL REFERENCES erasures (id) ON DELETE CASCADE,
    key     TEXT NOT NULL,
    PRIMARY KEY (erasure, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE erasure_accounts (
    n         INTEGER PRIMARY KEY AUTOINCREMENT,
    erasure   TEXT NOT NULL REFERENCES erasures (id) ON DELETE CASCADE,
    programme TEXT NOT NULL,
    account   TEXT,                             -- NULL once nothing is left to do with it.
    outcome   TEXT NOT NULL,
    confirmed INTEGER NOT NULL,                 -- Points that the customer was told would be forfeited.
    forfeited INTEGER NOT NULL DEFAULT 0,
    tried     INTEGER NOT NULL DEFAULT 0,       -- Attempts to close it.
    due       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX erasure_accounts_by_erasure ON erasure_accounts (erasure);
CREATE INDEX erasure_accounts_left ON erasure_accounts (due) WHERE outcome = 'unsettled';

CREATE TABLE legal_holds (
    id        TEXT PRIMARY KEY,                 -- Random, 32 hex digits.
    person    TEXT NOT NULL,
    reason    TEXT NOT NULL,                    -- A case's reference.
    set_by    TEXT NOT NULL,
    set_at    INTEGER NOT NULL,
    until     INTEGER NOT NULL,
    lifted_at INTEGER NOT NULL DEFAULT 0,
    lifted_by TEXT NOT NULL DEFAULT '',
    told      INTEGER NOT NULL CHECK (told IN (0, 1)) -- 1 when the customer may be told.
) STRICT;
CREATE INDEX legal_holds_by_person ON legal_holds (person);

-- What the scheduled purge has done; numbers only.
CREATE TABLE retention_runs (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    policy   INTEGER NOT NULL,                  -- Version of the data policy that was applied; 0 without one.
    removed  INTEGER NOT NULL,                  -- Values that were removed.
    persons  INTEGER NOT NULL                   -- Erasures of inactive persons that were begun.
) STRICT;

-- +goose Down
DROP TABLE retention_runs;
DROP TABLE legal_holds;
DROP TABLE erasure_accounts;
DROP TABLE erasure_entries;
DROP TABLE erasures;
DROP TABLE erasure_batches;
