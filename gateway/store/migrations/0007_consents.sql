-- +goose Up

-- What consents are looked for by, beside their records: whoever may read something finds it without looking through others' consents, and they are counted without opening the
-- records. Written by the projection only.
CREATE TABLE consents (
    programme TEXT    NOT NULL,
    grantee   TEXT    NOT NULL,
    id        TEXT    NOT NULL,
    status    TEXT    NOT NULL,                 -- privacy.Status
    starts    INTEGER NOT NULL,                 -- Unix seconds,
    ends      INTEGER NOT NULL,                 -- both.
    PRIMARY KEY (programme, grantee, id)
) WITHOUT ROWID;
-- Queries must repeat "status = 'GRANTED'", or SQLite can't tell that the indexes serve them.
CREATE INDEX consents_granted ON consents (programme, grantee, id, starts, ends) WHERE status = 'GRANTED';
CREATE INDEX consents_ends ON consents (programme, ends, id) WHERE status = 'GRANTED';

INSERT INTO consents (programme, grantee, id, status, starts, ends)
    SELECT programme, body ->> '$.grantee', id, body ->> '$.status', body ->> '$.from', body ->> '$.until'
    FROM (SELECT programme, id, CAST(body AS TEXT) AS body FROM records WHERE object = 'consent');

-- +goose Down
DROP TABLE consents;
