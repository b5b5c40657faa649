-- 取込履歴: each run of an import or of its retraction, and what became of every row. No file is kept, only its hash. Microseconds since
-- 1970-01-01T00:00:00Z, real time.
CREATE TABLE imports (
    id              text    NOT NULL PRIMARY KEY,                              -- under which the ids of its commands are derived
    kind            text    NOT NULL,
    retracts        text   ,                                                   -- 取込の取消: of which run
    actor           text    NOT NULL,
    reason          text    NOT NULL,
    started_at_us   bigint  NOT NULL,
    seen_at_us      bigint  NOT NULL,                                          -- last sign of life: without an end and old, it was cut
    ended_at_us     bigint ,
    file_hash       bytea   NOT NULL CHECK (octet_length(file_hash) = 32),
    bytes           bigint  NOT NULL,
    data_rows       bigint  NOT NULL,
    last_line       bigint  NOT NULL,
    recorded        bigint  NOT NULL,
    unchanged       bigint  NOT NULL,
    reported        bigint  NOT NULL,
    dry_run         bigint  NOT NULL
);
CREATE INDEX imports_started ON imports (started_at_us);

-- 会員番号 and sentences that name columns, never what stood in them.
CREATE TABLE import_rows (
    import          text    NOT NULL,
    line            bigint  NOT NULL,
    member          text   ,
    outcome         text    NOT NULL,
    message         text    NOT NULL,
    PRIMARY KEY (import, line)
);

-- Files between the look at what they would do and the import of exactly them; half an hour at most.
CREATE TABLE pending_imports (
    id              text    NOT NULL PRIMARY KEY,
    role            text    NOT NULL,                                          -- whose it is: nobody else gets it
    actor_id        text    NOT NULL,
    kind            text    NOT NULL,
    file            bytea   NOT NULL,
    kept_at_us      bigint  NOT NULL
);
