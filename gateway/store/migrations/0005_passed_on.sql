-- +goose Up

-- What was sent to the gateway that sequences another programme, before it was: the same till receipt, or the same key, can come again with another signature while that gateway
-- gives no answer. It is written by this gateway alone and isn't on the ledger.
CREATE TABLE passed_on (
    name          TEXT    NOT NULL, -- Keyed hash: the natural id or the idempotency key.
    authorisation TEXT    NOT NULL, -- Id of the authorisation that it was sent with.
    at            INTEGER NOT NULL, -- Unix milliseconds.
    PRIMARY KEY (name, authorisation)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE passed_on;
