-- How many events weren't told one by one, and on which device a new key of an account was asked for.

-- +goose Up
CREATE TABLE signin_untold (
    person TEXT    NOT NULL,
    kind   TEXT    NOT NULL,
    n      INTEGER NOT NULL,                -- That were dropped since there were too many, and are to be counted in the next message.
    PRIMARY KEY (person, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE signin_asked (
    request TEXT PRIMARY KEY,               -- Keyed hash of who asked and the idempotency key, as in the outbox.
    person  TEXT    NOT NULL,
    device  TEXT    NOT NULL,               -- Browser and system, as of sessions.
    at      INTEGER NOT NULL                -- Unix seconds.
) STRICT, WITHOUT ROWID;
CREATE INDEX signin_asked_by_person ON signin_asked (person);
CREATE INDEX signin_asked_by_time ON signin_asked (at);

-- +goose Down
DROP TABLE signin_asked;
DROP TABLE signin_untold;
