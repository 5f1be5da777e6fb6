-- What customers want to see no more of what others offer them.

-- +goose Up
CREATE TABLE offer_choices (
    person TEXT    NOT NULL,
    name   TEXT    NOT NULL, -- Keyed hash of the offer or the sender's account.
    sealed BLOB    NOT NULL, -- Which it is.
    ends   INTEGER NOT NULL, -- Unix seconds: when the offer lapses; 0 of a sender.
    PRIMARY KEY (person, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX offer_choices_ends ON offer_choices (ends);

-- +goose Down
DROP TABLE offer_choices;
