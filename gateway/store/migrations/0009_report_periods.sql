-- +goose Up

-- What was given back is kept by the day of the return as well, so that a period's volume can be told as it stood when the period ended; adjustments are summed up, so that a page of
-- them knows the whole's totals. It is written by the projection only, which is emptied, its checkpoint included, so that it is built again from block 0.

DELETE FROM checkpoint;
DELETE FROM receipts;
DELETE FROM batches;
DELETE FROM lanes;
DELETE FROM programmes;
DELETE FROM accounts;
DELETE FROM holdings;
DELETE FROM records;
DELETE FROM consents;
DELETE FROM movements;
DELETE FROM debts;
DELETE FROM turnovers;
DELETE FROM inbox;
DELETE FROM reservations;
DELETE FROM clearing_records;
DELETE FROM clearing_history;
DELETE FROM exchanges;
DELETE FROM obligations;
DELETE FROM obligation_sums;
DELETE FROM limit_refusals;
DELETE FROM clearing_events;
DELETE FROM clearing_gaps;

DROP TABLE given_back;
-- What returns gave back of payments, by the business dates of both.
CREATE TABLE given_back (
    programme TEXT    NOT NULL,
    day       INTEGER NOT NULL,                 -- Of the payment, days since 1970-01-01.
    cause     TEXT    NOT NULL,                 -- lots.Cause of the payment: redeemed, captured, swapped.
    partner   TEXT    NOT NULL,                 -- Where it was made; '' at home.
    terms     INTEGER NOT NULL,                 -- Of the lots that were taken.
    returned  INTEGER NOT NULL,                 -- Day of the return.
    points    INTEGER NOT NULL,
    PRIMARY KEY (programme, day, cause, partner, terms, returned)
) WITHOUT ROWID;

-- What a programme's adjustments of one business date come to.
CREATE TABLE adjustment_sums (
    programme TEXT    NOT NULL,
    day       INTEGER NOT NULL,
    accepted  INTEGER NOT NULL,                 -- How many,
    rejected  INTEGER NOT NULL,                 -- and of those that were refused.
    up        INTEGER NOT NULL,                 -- Points credited by accepted ones, what paid debt included,
    down      INTEGER NOT NULL,                 -- taken from lots,
    debt      INTEGER NOT NULL,                 -- and what the accounts could not cover.
    PRIMARY KEY (programme, day)
) WITHOUT ROWID;

-- Adjustments in the ledger's order, in which a programme's business date never goes back. Queries must repeat "kind = 'adjust'".
DROP INDEX receipts_adjust;
CREATE INDEX receipts_adjust ON receipts (programme, day, block, idx, operation) WHERE kind = 'adjust';

-- +goose Down
-- What was projected is emptied here as well: the earlier version builds it again from block 0.
DELETE FROM checkpoint;
DELETE FROM receipts;
DELETE FROM batches;
DELETE FROM lanes;
DELETE FROM programmes;
DELETE FROM accounts;
DELETE FROM holdings;
DELETE FROM records;
DELETE FROM consents;
DELETE FROM movements;
DELETE FROM debts;
DELETE FROM turnovers;
DELETE FROM inbox;
DELETE FROM reservations;
DELETE FROM clearing_records;
DELETE FROM clearing_history;
DELETE FROM exchanges;
DELETE FROM obligations;
DELETE FROM obligation_sums;
DELETE FROM limit_refusals;
DELETE FROM clearing_events;
DELETE FROM clearing_gaps;

DROP INDEX receipts_adjust;
CREATE INDEX receipts_adjust ON receipts (programme, day) WHERE kind = 'adjust';
DROP TABLE adjustment_sums;
DROP TABLE given_back;
CREATE TABLE given_back (
    programme TEXT    NOT NULL,
    day       INTEGER NOT NULL,
    cause     TEXT    NOT NULL,
    partner   TEXT    NOT NULL,
    terms     INTEGER NOT NULL,
    points    INTEGER NOT NULL,
    PRIMARY KEY (programme, day, cause, partner, terms)
) WITHOUT ROWID;
