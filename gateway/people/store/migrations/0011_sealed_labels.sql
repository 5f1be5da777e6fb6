-- What customers call their passkeys is sealed. Labels that an earlier gateway kept as text are dropped, since nothing here can seal them: such a passkey has no name.

-- +goose Up
ALTER TABLE signin_passkeys ADD COLUMN sealed_label BLOB; -- NULL for a passkey without a name.
UPDATE signin_passkeys SET sealed_label = label WHERE typeof(label) = 'blob'; -- Of databases that were made while the second migration had sealed labels.
ALTER TABLE signin_passkeys DROP COLUMN label;

-- +goose Down
ALTER TABLE signin_passkeys ADD COLUMN label TEXT NOT NULL DEFAULT '';
ALTER TABLE signin_passkeys DROP COLUMN sealed_label;
