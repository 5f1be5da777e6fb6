-- By which form of keys an attempt that was counted is known: what a row from before has as key is found under none that is made today.

-- +goose Up
ALTER TABLE abuse_counted ADD COLUMN form INTEGER NOT NULL DEFAULT 0; -- 0 of rows from before this column, 1 of later ones.

-- +goose Down
ALTER TABLE abuse_counted DROP COLUMN form;
