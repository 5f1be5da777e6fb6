-- +goose Up

-- Consents that customers gave here, from when they said so until the last copy is purged. An erased person's are deleted then.
CREATE TABLE consents (
    id       TEXT    NOT NULL PRIMARY KEY,
    person   TEXT    NOT NULL,
    grantee  TEXT    NOT NULL,
    purpose  TEXT    NOT NULL,
    signed   BLOB    NOT NULL, -- privacy.SignedConsent.
    step     TEXT    NOT NULL, -- Where it stands; see package consent.
    goal     TEXT    NOT NULL, -- Why it is to end; empty as long as it isn't.
    starts   INTEGER NOT NULL, -- Unix milliseconds.
    ends     INTEGER NOT NULL,
    given    INTEGER NOT NULL,
    ended    INTEGER NOT NULL, -- When it was withdrawn or ended otherwise; 0 before.
    due      INTEGER NOT NULL, -- When it is looked at next.
    tries    INTEGER NOT NULL, -- Failures since the last step.
    open     INTEGER NOT NULL, -- Shares that were begun and of which no end is known.
    trouble  TEXT    NOT NULL  -- Code of the last one.
) WITHOUT ROWID;
CREATE INDEX consents_by_person ON consents (person, given);
CREATE INDEX consents_by_due ON consents (due) WHERE step NOT IN ('ended', 'refused') OR goal = 'erased';

-- Entries of which the grantee has, or may have, a copy: written before they are shared, deleted after the copies are purged.
CREATE TABLE consent_entries (
    consent   TEXT    NOT NULL,
    key       TEXT    NOT NULL,
    attribute TEXT    NOT NULL,
    gone      INTEGER NOT NULL, -- 1: the person's data have changed, and the copy is or was to be purged.
    PRIMARY KEY (consent, key)
) WITHOUT ROWID;

-- What the brand asks its customers.
CREATE TABLE surveys (
    id       TEXT    NOT NULL PRIMARY KEY,
    document BLOB    NOT NULL, -- consent.Survey.
    starts   INTEGER NOT NULL, -- Unix milliseconds.
    ends     INTEGER NOT NULL
) WITHOUT ROWID;

-- Who has answered. The answers are the person's attributes and stand in the vault.
CREATE TABLE survey_answers (
    survey    TEXT    NOT NULL,
    person    TEXT    NOT NULL,
    at        INTEGER NOT NULL, -- Unix milliseconds.
    policy    INTEGER NOT NULL, -- Version of the data policy under which they were given.
    language  TEXT    NOT NULL,
    step      TEXT    NOT NULL, -- answering, owed, done.
    account   TEXT    NOT NULL, -- That is rewarded; empty without a reward.
    reward    TEXT    NOT NULL, -- Random; the reward's idempotency key.
    PRIMARY KEY (survey, person)
) WITHOUT ROWID;
CREATE INDEX survey_answers_by_person ON survey_answers (person);
CREATE INDEX survey_answers_owed ON survey_answers (step) WHERE step = 'owed';

-- +goose Down
DROP TABLE survey_answers;
DROP TABLE surveys;
DROP TABLE consent_entries;
DROP TABLE consents;
