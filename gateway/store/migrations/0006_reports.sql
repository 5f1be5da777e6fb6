-- +goose Up

-- What follows is written by the projection only. It is emptied, its checkpoint included, so that it is built again from block 0: what the new columns and tables hold can't be
-- had from the old ones.

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
DELETE FROM clearing_records;
DELETE FROM clearing_history;
DELETE FROM exchanges;
DELETE FROM obligations;
DELETE FROM limit_refusals;
DELETE FROM clearing_events;
DELETE FROM clearing_gaps;

ALTER TABLE checkpoint ADD COLUMN tx_time INTEGER NOT NULL DEFAULT 0; -- Latest time that a transaction up to there states, Unix seconds.

-- What accepted operations did on each business date, summed up: reports are made of it. Days are counted from 1970-01-01.
CREATE TABLE turnovers (
    programme  TEXT    NOT NULL,                -- Whose points.
    day        INTEGER NOT NULL,
    activity   TEXT    NOT NULL,                -- bookkeeping.Activity
    partner    TEXT    NOT NULL,                -- The other brand of a cross-brand operation; '' at home.
    shop       TEXT    NOT NULL,                -- The sponsored shop; '' without one.
    operations INTEGER NOT NULL,
    points     INTEGER NOT NULL,                -- As the receipts say; of adjustments with their sign.
    given      INTEGER NOT NULL,                -- Points of the partner's programme, of swaps and deposits.
    PRIMARY KEY (programme, day, activity, partner, shop)
) WITHOUT ROWID;

-- Queries must repeat "kind = 'adjust'".
CREATE INDEX receipts_adjust ON receipts (programme, block, idx) WHERE kind = 'adjust';

-- +goose Down
DROP INDEX receipts_adjust;
DROP TABLE turnovers;
ALTER TABLE checkpoint DROP COLUMN tx_time;
