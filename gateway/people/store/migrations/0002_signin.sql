-- Signing in: what has been begun, live codes, factors, sessions, limits. Nothing here opens anything: tokens and codes are hashes, secrets are sealed. Times are Unix seconds.

-- +goose Up
CREATE TABLE signin_begun (
    id      TEXT PRIMARY KEY,               -- SHA-256 of the token.
    stage   TEXT    NOT NULL,
    person  TEXT    NOT NULL,               -- Empty when nobody is known yet.
    address TEXT    NOT NULL,               -- Keyed hash; empty without one.
    device  TEXT    NOT NULL,               -- Of who asks, when it is known.
    data    BLOB,
    tries   INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX signin_begun_by_expiry ON signin_begun (expires);
CREATE INDEX signin_begun_by_person ON signin_begun (person);

CREATE TABLE signin_codes (
    address TEXT    NOT NULL,               -- Keyed hash.
    purpose TEXT    NOT NULL,               -- Stage that waits for it.
    code    TEXT    NOT NULL,               -- Keyed hash.
    expires INTEGER NOT NULL,
    PRIMARY KEY (address, purpose)
) STRICT, WITHOUT ROWID;

CREATE TABLE signin_totp (
    person    TEXT PRIMARY KEY,
    secret    BLOB    NOT NULL,             -- Sealed.
    confirmed INTEGER NOT NULL,
    step      INTEGER NOT NULL              -- Of the last code that was taken.
) STRICT, WITHOUT ROWID;

CREATE TABLE signin_recovery (
    person TEXT NOT NULL,
    code   TEXT NOT NULL,                   -- Keyed hash.
    PRIMARY KEY (person, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE signin_passkeys (
    id         TEXT PRIMARY KEY,            -- Credential id, base64url.
    person     TEXT    NOT NULL,
    credential BLOB    NOT NULL,            -- The library's record, JSON: public key, flags, counter.
    ledger_key TEXT    NOT NULL,            -- Uncompressed P-256 point, base64url; empty for another kind of key.
    label      TEXT    NOT NULL,
    created    INTEGER NOT NULL,
    used       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX signin_passkeys_by_person ON signin_passkeys (person);

CREATE TABLE signin_sessions (
    id      TEXT PRIMARY KEY,
    token   TEXT    NOT NULL UNIQUE,        -- SHA-256.
    person  TEXT    NOT NULL,
    methods TEXT    NOT NULL,               -- How the person was recognised, separated by spaces.
    device  TEXT    NOT NULL,
    created INTEGER NOT NULL,
    seen    INTEGER NOT NULL,
    proved  INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX signin_sessions_by_person ON signin_sessions (person);

CREATE TABLE signin_buckets (
    name TEXT PRIMARY KEY,
    due  INTEGER NOT NULL                   -- Unix milliseconds: when the bucket is full again.
) STRICT, WITHOUT ROWID;
CREATE INDEX signin_buckets_by_due ON signin_buckets (due);

-- +goose Down
DROP TABLE signin_buckets;
DROP TABLE signin_sessions;
DROP TABLE signin_passkeys;
DROP TABLE signin_recovery;
DROP TABLE signin_totp;
DROP TABLE signin_codes;
DROP TABLE signin_begun;
