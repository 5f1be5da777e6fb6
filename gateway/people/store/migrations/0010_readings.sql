-- +goose Up

-- How often this brand read what customers of others share with it: names and numbers, no customer. Owners count the same in their customers' access logs.
CREATE TABLE readings (
    day       INTEGER NOT NULL, -- UTC, days since 1970-01-01.
    owner     TEXT    NOT NULL,
    purpose   TEXT    NOT NULL,
    attribute TEXT    NOT NULL,
    readings  INTEGER NOT NULL,
    PRIMARY KEY (day, owner, purpose, attribute)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE readings;
