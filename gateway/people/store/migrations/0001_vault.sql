-- The vault: persons with their wrapped keys, the ciphertexts that are theirs on the ledger, the lookup index, linked accounts, changes under way, and who read what.

-- +goose Up
CREATE TABLE persons (
    id          TEXT PRIMARY KEY,               -- Random, 32 hex digits.
    wrapped     BLOB,                           -- The person's key, encrypted under a master key; NULL once it is destroyed.
    master      INTEGER,                        -- Version of that master key.
    merged_into TEXT REFERENCES persons (id),   -- The person that this one was found to be; never one that was merged itself.
    created_at  INTEGER NOT NULL,
    ended_at    INTEGER                         -- When it was erased or merged.
) STRICT;
CREATE INDEX persons_by_master ON persons (master) WHERE master IS NOT NULL;
CREATE INDEX persons_by_survivor ON persons (merged_into) WHERE merged_into IS NOT NULL;

-- One value of one attribute; the ciphertext is in the ledger's private collection under the same key.
CREATE TABLE entries (
    key        TEXT PRIMARY KEY,                -- 32 hex digits.
    person     TEXT NOT NULL REFERENCES persons (id),
    name       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('PENDING', 'LIVE')),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX entries_by_person ON entries (person, name);

-- Keyed hashes of identifiers. A row of a pending entry keeps others from taking the identifier, and finds nobody.
CREATE TABLE identifiers (
    hash    BLOB NOT NULL,                      -- HMAC-SHA-256 of kind and normalised value.
    version INTEGER NOT NULL,                   -- Of the index key.
    kind    TEXT NOT NULL,
    entry   TEXT NOT NULL REFERENCES entries (key) ON DELETE CASCADE,
    PRIMARY KEY (hash, entry)
) STRICT, WITHOUT ROWID;
CREATE INDEX identifiers_by_entry ON identifiers (entry, version);
CREATE INDEX identifiers_by_version ON identifiers (version);

CREATE TABLE accounts (
    programme TEXT NOT NULL,
    account   TEXT NOT NULL,
    person    TEXT NOT NULL REFERENCES persons (id),
    linked_at INTEGER NOT NULL,
    PRIMARY KEY (programme, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX accounts_by_person ON accounts (person, programme, linked_at);

-- Accounts that are being opened for a person: the reference is random, and found again in the gateway's outbox.
CREATE TABLE openings (
    reference TEXT PRIMARY KEY,
    person    TEXT NOT NULL REFERENCES persons (id),
    request   TEXT NOT NULL,                    -- Hash of the caller's idempotency key.
    begun_at  INTEGER NOT NULL,
    account   TEXT,
    UNIQUE (person, request)
) STRICT, WITHOUT ROWID;

-- Changes of the ledger's collection that aren't known to be committed. Bodies are ciphertext.
CREATE TABLE changes (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    person TEXT NOT NULL,
    gone   TEXT,                                -- The person that is merged into person.
    body   BLOB NOT NULL,                       -- JSON: what is put and what is purged.
    fresh  INTEGER NOT NULL,                    -- 1 when the person comes into being with it.
    cleanup INTEGER NOT NULL,                   -- 1 when it only purges what nothing refers to any more: it is tried until it is done.
    tried  INTEGER NOT NULL DEFAULT 0,          -- How often it was sent without an answer.
    due_at INTEGER NOT NULL DEFAULT 0           -- Not to be sent before.
) STRICT;
CREATE INDEX changes_by_person ON changes (person);
CREATE INDEX changes_by_gone ON changes (gone) WHERE gone IS NOT NULL;

CREATE TABLE access_log (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    person     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    action     TEXT NOT NULL,                   -- read, create, update, find, merge, export ...
    actor      TEXT NOT NULL,
    purpose    TEXT NOT NULL,
    attributes TEXT NOT NULL                    -- Their names, a JSON array; never a value.
) STRICT;
CREATE INDEX access_log_by_person ON access_log (person, id);

-- What callers' idempotency keys created.
CREATE TABLE creations (
    idempotency TEXT PRIMARY KEY,               -- Keyed hash of the caller's name and its key.
    request     TEXT NOT NULL,                  -- Keyed hash of the request's body.
    person      TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX creations_by_person ON creations (person);

-- +goose Down
DROP TABLE creations;
DROP TABLE access_log;
DROP TABLE changes;
DROP TABLE openings;
DROP TABLE accounts;
DROP TABLE identifiers;
DROP TABLE entries;
DROP TABLE persons;
