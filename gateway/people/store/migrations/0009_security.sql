-- What happened to how a person signs in, for the person's own list; and what is to be told about it by message.

-- +goose Up
ALTER TABLE signin_proved ADD COLUMN gone INTEGER NOT NULL DEFAULT 0; -- 1: it was taken from the person, and whoever gives it back has to have it proved again.

CREATE TABLE signin_events (
    id     TEXT PRIMARY KEY,                -- Random.
    person TEXT    NOT NULL,
    kind   TEXT    NOT NULL,
    device TEXT    NOT NULL,                -- Browser and system; empty where nobody's was it.
    at     INTEGER NOT NULL,                -- Unix seconds.
    state  TEXT    NOT NULL CHECK (state IN ('PENDING', 'DUE', 'TOLD')),
    gone   BLOB                             -- Sealed: addresses that were the person's, until they are told.
) STRICT;                                   -- Of two events in one second the later one has the higher rowid.
CREATE INDEX signin_events_by_person ON signin_events (person, at);
CREATE INDEX signin_events_by_time ON signin_events (at);
CREATE INDEX signin_events_due ON signin_events (person) WHERE state <> 'TOLD';

CREATE TABLE signin_letters (
    id      TEXT PRIMARY KEY,               -- Random; names the message to who sends it.
    person  TEXT    NOT NULL,
    channel TEXT    NOT NULL,               -- Kind of the address.
    body    BLOB    NOT NULL,               -- Sealed: address and message.
    made    INTEGER NOT NULL,               -- Unix seconds.
    tries   INTEGER NOT NULL,
    due     INTEGER NOT NULL                -- Unix seconds.
) STRICT, WITHOUT ROWID;
CREATE INDEX signin_letters_due ON signin_letters (channel, due);
CREATE INDEX signin_letters_by_person ON signin_letters (person);

-- +goose Down
DROP TABLE signin_letters;
DROP TABLE signin_events;
ALTER TABLE signin_proved DROP COLUMN gone;
