-- 取込履歴: each run of an import or of its retraction, and what became of every row. No file is kept, only its hash. Microseconds since
-- 1970-01-01T00:00:00Z, real time.
CREATE TABLE imports (
    id              TEXT    NOT NULL PRIMARY KEY,                              -- under which the ids of its commands are derived
    kind            TEXT    NOT NULL,
    retracts        TEXT   ,                                                   -- 取込の取消: of which run
    actor           TEXT    NOT NULL,
    reason          TEXT    NOT NULL,
    started_at_us   INTEGER NOT NULL,
    seen_at_us      INTEGER NOT NULL,                                          -- last sign of life: without an end and old, it was cut
    ended_at_us     INTEGER,
    file_hash       BLOB    NOT NULL CHECK (length(file_hash) = 32),
    bytes           INTEGER NOT NULL,
    data_rows       INTEGER NOT NULL,
    last_line       INTEGER NOT NULL,
    recorded        INTEGER NOT NULL,
    unchanged       INTEGER NOT NULL,
    reported        INTEGER NOT NULL,
    dry_run         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX imports_started ON imports (started_at_us);

-- 会員番号 and sentences that name columns, never what stood in them.
CREATE TABLE import_rows (
    import          TEXT    NOT NULL,
    line            INTEGER NOT NULL,
    member          TEXT   ,
    outcome         TEXT    NOT NULL,
    message         TEXT    NOT NULL,
    PRIMARY KEY (import, line)
) STRICT, WITHOUT ROWID;

-- Files between the look at what they would do and the import of exactly them; half an hour at most.
CREATE TABLE pending_imports (
    id              TEXT    NOT NULL PRIMARY KEY,
    role            TEXT    NOT NULL,                                          -- whose it is: nobody else gets it
    actor_id        TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    file            BLOB    NOT NULL,
    kept_at_us      INTEGER NOT NULL
) STRICT;
