-- An attempt that was counted is known again by its till receipt and its mandate, too, not by its idempotency key alone.

-- +goose Up
ALTER TABLE abuse_counted ADD COLUMN receipt INTEGER NOT NULL DEFAULT 0; -- Hashes, as key is, of what identifies it and of what was counted; 0 without one.
ALTER TABLE abuse_counted ADD COLUMN mandate INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE abuse_counted DROP COLUMN mandate;
ALTER TABLE abuse_counted DROP COLUMN receipt;
