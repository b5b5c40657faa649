-- 二者承認 of single decisions: a run of one item, or of those of a file, that is done when a second person has approved it. What was proposed,
-- by whom and who approved it stands in the log (`proposal.<id>`); these rows are only held against it.
ALTER TABLE bulk_runs ADD COLUMN starts text NOT NULL DEFAULT 'pressed' CHECK (starts IN ('pressed', 'approved'));
ALTER TABLE bulk_runs ADD COLUMN import text NOT NULL DEFAULT '';             -- the file whose rows they are: the ids of its commands follow from it
ALTER TABLE bulk_runs ADD COLUMN sentence text NOT NULL DEFAULT '';           -- why it was ended before its time
-- By which the same request is told from another one under its Idempotency-Key. Of runs that no single request has made, and of before: empty.
ALTER TABLE bulk_runs ADD COLUMN request_hash text NOT NULL DEFAULT '';       -- hexadecimal
ALTER TABLE bulk_items ADD COLUMN explanation text NOT NULL DEFAULT '';       -- 会員への説明 of this one alone
ALTER TABLE bulk_items ADD COLUMN line bigint NOT NULL DEFAULT 0;            -- of the file
CREATE INDEX bulk_runs_waiting ON bulk_runs (made_at_us) WHERE state = 'proposed';
CREATE INDEX bulk_runs_import ON bulk_runs (import) WHERE import <> '';
CREATE INDEX bulk_items_application ON bulk_items (application);

-- 判定 that one account has made alone in the last 24 hours. The row of the account is what its acts wait for, one after the other.
CREATE TABLE decision_accounts (
    account         text    NOT NULL PRIMARY KEY                          -- role and account
);
-- A place for each attempt, so that one that is refused gives back its own and no other's; attempts at one command count once.
CREATE TABLE decision_attempts (
    attempt         text    NOT NULL PRIMARY KEY,
    command_id      text    NOT NULL,
    account         text    NOT NULL,                                     -- role and account; of a token those of its maker
    decided_at_us   bigint  NOT NULL                                      -- by the service's clock
);
CREATE INDEX decision_attempts_account ON decision_attempts (account, decided_at_us);
