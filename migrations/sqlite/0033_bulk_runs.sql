-- 一括処理: one act on many applications. What is to be done stands here before anything is done, so that it can be previewed, approved by
-- a second person, continued after a crash and repeated without doing anything twice. What was done stands in the log.
CREATE TABLE bulk_runs (
    id              TEXT    NOT NULL PRIMARY KEY,
    act             TEXT    NOT NULL,
    until           TEXT    NOT NULL,                                      -- what the act asks for: a time, a day, or nothing
    reason          TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('previewed', 'proposed', 'running', 'cancelled', 'done')),
    digest          TEXT    NOT NULL,                                      -- SHA-256 over act, until, reason and items: what is approved
    made_by         TEXT    NOT NULL,                                      -- role and account
    started_by      TEXT,                                                  -- role and account: whose acts they are
    made_at_us      INTEGER NOT NULL,                                      -- microseconds since 1970-01-01T00:00:00Z, the service's clock
    leased_until_us INTEGER NOT NULL DEFAULT 0                             -- a node works on it until then
) STRICT, WITHOUT ROWID;
CREATE TABLE bulk_items (
    run             TEXT    NOT NULL REFERENCES bulk_runs (id),
    application     TEXT    NOT NULL,
    seen            INTEGER NOT NULL,                                      -- revision of the review that the preview saw
    state           TEXT    NOT NULL CHECK (state IN ('ready', 'excluded', 'done', 'refused')),
    sentence        TEXT    NOT NULL,                                      -- why not; never a name
    PRIMARY KEY (run, application)
) STRICT, WITHOUT ROWID;
CREATE INDEX bulk_items_state ON bulk_items (run, state, application);
