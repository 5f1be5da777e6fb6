-- +goose Up

-- Identification codes that wallets show. The code itself is known to the wallet only.
CREATE TABLE identification_codes (
    hash    TEXT    NOT NULL PRIMARY KEY, -- SHA-256 of programme and code.
    person  TEXT    NOT NULL,
    account TEXT    NOT NULL,
    until   INTEGER NOT NULL              -- Unix milliseconds.
) WITHOUT ROWID;
CREATE INDEX identification_codes_by_account ON identification_codes (account);
CREATE INDEX identification_codes_by_person ON identification_codes (person);

-- What tills ask customers. A row is there whether or not anybody has what was asked for; person and account are empty for nobody.
CREATE TABLE lookup_challenges (
    id       TEXT    NOT NULL PRIMARY KEY, -- Random.
    partner  TEXT    NOT NULL,
    name     TEXT    NOT NULL,             -- Of the partner, as the customer knows it.
    store    TEXT    NOT NULL,
    terminal TEXT    NOT NULL,
    code     TEXT    NOT NULL,             -- SHA-256 of id and code.
    person   TEXT    NOT NULL,
    account  TEXT    NOT NULL,
    decision INTEGER NOT NULL,             -- In the wallet: 0 none, 1 yes, 2 no.
    attempts INTEGER NOT NULL,             -- Wrong codes so far.
    until    INTEGER NOT NULL              -- Unix milliseconds.
) WITHOUT ROWID;
CREATE INDEX lookup_challenges_by_person ON lookup_challenges (person);

-- Attempts in windows of the clock.
CREATE TABLE lookup_attempts (
    bucket TEXT    NOT NULL, -- Hash of the kind of limit and of whom it bounds; of an identifier its keyed hash.
    start  INTEGER NOT NULL, -- Unix milliseconds.
    until  INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (bucket, start)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE lookup_attempts;
DROP TABLE lookup_challenges;
DROP TABLE identification_codes;
