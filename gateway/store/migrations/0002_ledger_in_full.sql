-- +goose Up

ALTER TABLE operations ADD COLUMN shop TEXT NOT NULL DEFAULT ''; -- The sponsored shop that awards or accepts; '' without one.

CREATE INDEX lookups_account ON lookups (account); -- Closing an account gives its reference free.

-- What follows is written by the projection only. It is emptied, its checkpoint included, so that it is built again from block 0: what the new columns and tables hold
-- can't be had from the old ones.

DELETE FROM checkpoint;
DELETE FROM receipts;
DELETE FROM batches;
DELETE FROM lanes;
DELETE FROM programmes;
DROP TABLE accounts;

ALTER TABLE batches ADD COLUMN salt TEXT NOT NULL DEFAULT ''; -- Of the private details of the gateway's own batches, hex, so that one operation's can be disclosed.

CREATE TABLE accounts (
    programme TEXT    NOT NULL,
    id        TEXT    NOT NULL,
    posted    INTEGER NOT NULL,
    held      INTEGER NOT NULL,
    debt      INTEGER NOT NULL,
    due_day   INTEGER NOT NULL,                 -- First business date on which some of its points are gone, days since 1970-01-01; 0 when no date is known.
    due_at    INTEGER NOT NULL,                 -- When its first hold lapses, Unix seconds; 0 without one.
    body      BLOB    NOT NULL,                 -- points.Account
    PRIMARY KEY (programme, id)
) WITHOUT ROWID;
-- Queries must repeat "due_day > 0" and "due_at > 0", or SQLite can't tell that the indexes serve them.
CREATE INDEX accounts_due_day ON accounts (programme, due_day) WHERE due_day > 0;
CREATE INDEX accounts_due_at ON accounts (programme, due_at) WHERE due_at > 0;

-- Published documents, sponsored shops and approvals as the ledger has them.
CREATE TABLE records (
    programme TEXT NOT NULL,
    object    TEXT NOT NULL,                    -- As in the ledger's key: terms, ruleset, prices, shop, approval.
    id        TEXT NOT NULL,                    -- As in the ledger's key: a version of four digits, a shop's id, an operation's id.
    body      BLOB NOT NULL,
    PRIMARY KEY (programme, object, id)
) WITHOUT ROWID;

-- What moved into and out of lots on each business date, summed up: what a statement is made of. Days are counted from 1970-01-01.
CREATE TABLE movements (
    programme      TEXT    NOT NULL,
    day            INTEGER NOT NULL,
    spendable_from INTEGER NOT NULL,
    expiry         INTEGER NOT NULL,
    terms          INTEGER NOT NULL,
    funding        TEXT    NOT NULL,
    cause          TEXT    NOT NULL,            -- lots.Cause
    incoming       INTEGER NOT NULL,            -- 1: points came in; 0: points left, and points is negative.
    points         INTEGER NOT NULL,
    PRIMARY KEY (programme, day, spendable_from, expiry, terms, funding, cause, incoming)
) WITHOUT ROWID;

-- What accounts came to owe and paid back on each business date, summed up.
CREATE TABLE debts (
    programme TEXT    NOT NULL,
    day       INTEGER NOT NULL,
    cause     TEXT    NOT NULL,                 -- lots.Cause
    incurred  INTEGER NOT NULL,                 -- 1: debt was incurred; 0: debt was repaid, and points is negative.
    points    INTEGER NOT NULL,
    PRIMARY KEY (programme, day, cause, incurred)
) WITHOUT ROWID;

-- +goose Down
DROP INDEX lookups_account;
DROP TABLE debts;
DROP TABLE movements;
DROP TABLE records;
DROP INDEX accounts_due_at;
DROP INDEX accounts_due_day;
ALTER TABLE accounts DROP COLUMN due_at;
ALTER TABLE accounts DROP COLUMN due_day;
ALTER TABLE accounts DROP COLUMN held;
ALTER TABLE batches DROP COLUMN salt;
ALTER TABLE operations DROP COLUMN shop;
