-- 確認待ち: rows of imports that a person looks at before they are recorded. What was decided about one stands against the same row again.
-- Microseconds since 1970-01-01T00:00:00Z, real time.
CREATE TABLE held_rows (
    id              TEXT    NOT NULL PRIMARY KEY,                              -- of the command by which it is recorded: that of its line
    import          TEXT    NOT NULL,
    line            INTEGER  NOT NULL,
    kind            TEXT    NOT NULL,
    member          TEXT    NOT NULL,
    digest          BLOB   NOT NULL CHECK (length(digest) = 32),              -- of what it says: the same row in another file has the same
    row_hash        BLOB   NOT NULL CHECK (length(row_hash) = 32),            -- of its bytes, by which the command is known again
    fact            TEXT   ,                                                   -- what it says; nothing once it is decided
    doubts          TEXT    NOT NULL,                                          -- sentences that name columns, never what stood in them
    actor           TEXT    NOT NULL,                                          -- who imported
    held_at_us      INTEGER  NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('waiting', 'taken', 'left')),
    decided_by      TEXT   ,
    decided_at_us   INTEGER ,
    reason          TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX held_rows_waiting ON held_rows (digest) WHERE state = 'waiting';
CREATE INDEX held_rows_digest ON held_rows (digest);
