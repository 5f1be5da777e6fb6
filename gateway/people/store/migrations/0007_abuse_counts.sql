-- What is looked for abuse survives a restart, and what isn't needed any more goes.

-- +goose Up

-- Attempts that velocity rules counted, in the order in which they were.
CREATE TABLE abuse_counted (
    n        INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    points   INTEGER NOT NULL,
    key      INTEGER NOT NULL,                  -- Hash of the caller's idempotency key; 0 without one.
    account  BLOB,                              -- 16 bytes each; NULL where it wasn't counted for that.
    device   BLOB,
    terminal BLOB
) STRICT;

-- When an account's controller was last changed, or the request for it came.
CREATE TABLE abuse_controllers (
    account TEXT PRIMARY KEY,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE abuse_devices ADD COLUMN last_at INTEGER NOT NULL DEFAULT 0; -- Of its last use, to the day.
UPDATE abuse_devices SET last_at = CASE first_at WHEN 0 THEN unixepoch() ELSE first_at END;

ALTER TABLE retention_runs ADD COLUMN others INTEGER NOT NULL DEFAULT 0; -- Rows that other parts removed.

-- +goose Down
ALTER TABLE retention_runs DROP COLUMN others;
ALTER TABLE abuse_devices DROP COLUMN last_at;
DROP TABLE abuse_controllers;
DROP TABLE abuse_counted;
