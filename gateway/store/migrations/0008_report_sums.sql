-- +goose Up

-- What reports are made of, summed up as blocks come, so that none of them goes through all accounts, receipts or obligations. It is written by the projection only, which is
-- emptied, its checkpoint included, so that it is built again from block 0.

DELETE FROM checkpoint;
DELETE FROM receipts;
DELETE FROM batches;
DELETE FROM lanes;
DELETE FROM programmes;
DELETE FROM accounts;
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
DELETE FROM limit_refusals;
DELETE FROM clearing_events;
DELETE FROM clearing_gaps;

-- Receipts tell when they were booked, what payments took and what of that was given back, and adjustments what they are.
ALTER TABLE receipts ADD COLUMN day      INTEGER NOT NULL DEFAULT 0;  -- Business date, days since 1970-01-01.
ALTER TABLE receipts ADD COLUMN spent    TEXT    NOT NULL DEFAULT ''; -- Of an accepted redemption, capture or swap: what it took, see bookkeeping.Spent; '' of all others.
ALTER TABLE receipts ADD COLUMN returned INTEGER NOT NULL DEFAULT 0;  -- Points of that which were given back.
ALTER TABLE receipts ADD COLUMN body     BLOB;                        -- Of an adjustment: points.Receipt. Others' stand in their batch.
DROP INDEX receipts_adjust;
-- Queries must repeat "kind = 'adjust'".
CREATE INDEX receipts_adjust ON receipts (programme, day) WHERE kind = 'adjust';

-- What returns gave back of payments, by the business date of the payment.
CREATE TABLE given_back (
    programme TEXT    NOT NULL,
    day       INTEGER NOT NULL,
    cause     TEXT    NOT NULL,                 -- lots.Cause of the payment: redeemed, captured, swapped.
    partner   TEXT    NOT NULL,                 -- Where it was made; '' at home.
    terms     INTEGER NOT NULL,                 -- Of the lots that were taken.
    points    INTEGER NOT NULL,
    PRIMARY KEY (programme, day, cause, partner, terms)
) WITHOUT ROWID;

-- What lies in all accounts together, by lot, place and, of lots without a date, the account's last activity.
CREATE TABLE holdings (
    programme      TEXT    NOT NULL,
    place          TEXT    NOT NULL,            -- statement.Place; never the inbox.
    spendable_from INTEGER NOT NULL,
    expiry         INTEGER NOT NULL,
    terms          INTEGER NOT NULL,
    funding        TEXT    NOT NULL,
    active         INTEGER NOT NULL,            -- Business date; 0 of lots with an expiry.
    points         INTEGER NOT NULL,
    PRIMARY KEY (programme, place, spendable_from, expiry, terms, funding, active)
) WITHOUT ROWID;
CREATE INDEX holdings_empty ON holdings (programme) WHERE points = 0;

ALTER TABLE accounts ADD COLUMN total INTEGER NOT NULL DEFAULT 0; -- All its points: posted and what its debt stands for.
-- Queries must repeat "total > 0".
CREATE INDEX accounts_total ON accounts (programme, total) WHERE total > 0;

-- What the obligations of one pair in one window come to, in 10^-6 of the currency's minor unit.
CREATE TABLE obligation_sums (
    currency TEXT    NOT NULL,
    window   INTEGER NOT NULL,
    a        TEXT    NOT NULL,
    b        TEXT    NOT NULL,
    home     TEXT    NOT NULL,
    service  TEXT    NOT NULL,
    debtor   TEXT    NOT NULL,
    creditor TEXT    NOT NULL,
    count    INTEGER NOT NULL,
    micro    INTEGER NOT NULL,
    fee      INTEGER NOT NULL,
    PRIMARY KEY (currency, window, a, b, home, service, debtor, creditor)
) WITHOUT ROWID;

-- +goose Down
DELETE FROM checkpoint;
DROP TABLE obligation_sums;
DROP INDEX accounts_total;
ALTER TABLE accounts DROP COLUMN total;
DROP TABLE holdings;
DROP TABLE given_back;
DROP INDEX receipts_adjust;
CREATE INDEX receipts_adjust ON receipts (programme, block, idx) WHERE kind = 'adjust';
ALTER TABLE receipts DROP COLUMN body;
ALTER TABLE receipts DROP COLUMN returned;
ALTER TABLE receipts DROP COLUMN spent;
ALTER TABLE receipts DROP COLUMN day;
