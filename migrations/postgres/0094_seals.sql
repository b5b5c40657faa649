-- What lets somebody in carries a seal: a MAC over its columns under a key that is not in this database. What has none counts as not there,
-- so everybody signs in again; tokens are sealed once by `shinsei seal-tokens`.
DELETE FROM sessions;
ALTER TABLE sessions ADD COLUMN sign_in bigint NOT NULL DEFAULT 0;         -- number of its event in access.account:<account>; 0 of members
ALTER TABLE sessions ADD COLUMN seal bytea NOT NULL DEFAULT '';            -- over all columns but seen_at_us
DELETE FROM sign_ins;
ALTER TABLE sign_ins ADD COLUMN seal bytea NOT NULL DEFAULT '';            -- over all columns
DELETE FROM kept_forms;
ALTER TABLE kept_forms ADD COLUMN seal bytea NOT NULL DEFAULT '';          -- over all columns
ALTER TABLE client_tokens ADD COLUMN seal bytea NOT NULL DEFAULT '';       -- over all columns but seen_at_us
