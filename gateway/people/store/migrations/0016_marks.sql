-- What brings erasures back into a people.db that is older than they are, and reasons of legal holds out of the clear.

-- +goose Up
ALTER TABLE persons ADD COLUMN mark BLOB; -- Of one that was merged: the salt of its mark, since its key is destroyed; NULL once the mark is on the ledger.

-- What was erased again since a copy of this database had brought it back; numbers only.
CREATE TABLE restores (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,                   -- Unix milliseconds.
    persons INTEGER NOT NULL
) STRICT;

-- A row is there as long as the database is to be rewritten, so that nothing of deleted rows is left in its file.
CREATE TABLE scrubs (
    due_at INTEGER NOT NULL                     -- Unix milliseconds.
) STRICT;

ALTER TABLE legal_holds ADD COLUMN sealed_reason BLOB; -- Under a key derived from the person's; NULL until the gateway has sealed what an earlier one wrote into reason, which is empty then.

-- +goose Down
ALTER TABLE legal_holds DROP COLUMN sealed_reason;
DROP TABLE scrubs;
DROP TABLE restores;
ALTER TABLE persons DROP COLUMN mark;
