-- Which addresses a person has shown to receive messages at, by a one-time code. What else the vault has as somebody's address was typed in by somebody.

-- +goose Up
CREATE TABLE signin_proved (
    person  TEXT    NOT NULL,
    address TEXT    NOT NULL,               -- Keyed hash, as of codes.
    at      INTEGER NOT NULL,               -- Unix seconds; the first time.
    PRIMARY KEY (person, address)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE signin_proved;
