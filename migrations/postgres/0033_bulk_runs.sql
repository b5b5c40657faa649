-- 一括処理: one act on many applications. What is to be done stands here before anything is done, so that it can be previewed, approved by
-- a second person, continued after a crash and repeated without doing anything twice. What was done stands in the log.
CREATE TABLE bulk_runs (
    id              text    NOT NULL PRIMARY KEY,
    act             text    NOT NULL,
    until           text    NOT NULL,                                      -- what the act asks for: a time, a day, or nothing
    reason          text    NOT NULL,
    state           text    NOT NULL CHECK (state IN ('previewed', 'proposed', 'running', 'cancelled', 'done')),
    digest          text    NOT NULL,                                      -- SHA-256 over act, until, reason and items: what is approved
    made_by         text    NOT NULL,                                      -- role and account
    started_by      text,                                                  -- role and account: whose acts they are
    made_at_us      bigint  NOT NULL,                                      -- microseconds since 1970-01-01T00:00:00Z, the service's clock
    leased_until_us bigint  NOT NULL DEFAULT 0                             -- a node works on it until then
);
CREATE TABLE bulk_items (
    run             text    NOT NULL REFERENCES bulk_runs (id),
    application     text    NOT NULL,
    seen            bigint  NOT NULL,                                      -- revision of the review that the preview saw
    state           text    NOT NULL CHECK (state IN ('ready', 'excluded', 'done', 'refused')),
    sentence        text    NOT NULL,                                      -- why not; never a name
    PRIMARY KEY (run, application)
);
CREATE INDEX bulk_items_state ON bulk_items (run, state, application);
