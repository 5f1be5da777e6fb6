-- Which change of the vault an event waits for, and letters by their age, whatever channel they are for.

-- +goose Up
ALTER TABLE signin_events ADD COLUMN change INTEGER; -- Of a pending event: its row among the vault's changes.
UPDATE signin_events SET change = (SELECT MAX(c.id) FROM changes AS c WHERE c.person = signin_events.person AND c.cleanup = 0) WHERE state = 'PENDING';
DELETE FROM signin_events WHERE state = 'PENDING' AND change IS NULL; -- The ledger refused it.
CREATE INDEX signin_events_by_change ON signin_events (change) WHERE change IS NOT NULL;
CREATE INDEX signin_letters_by_age ON signin_letters (made);

-- +goose Down
DROP INDEX signin_letters_by_age;
DROP INDEX signin_events_by_change;
ALTER TABLE signin_events DROP COLUMN change;
