-- 確認待ち: rows of imports that a person looks at before they are recorded. What was decided about one stands against the same row again.
-- Microseconds since 1970-01-01T00:00:00Z, real time.
CREATE TABLE held_rows (
    id              text    NOT NULL PRIMARY KEY,                              -- of the command by which it is recorded: that of its line
    import          text    NOT NULL,
    line            bigint  NOT NULL,
    kind            text    NOT NULL,
    member          text    NOT NULL,
    digest          bytea   NOT NULL CHECK (length(digest) = 32),              -- of what it says: the same row in another file has the same
    row_hash        bytea   NOT NULL CHECK (length(row_hash) = 32),            -- of its bytes, by which the command is known again
    fact            text   ,                                                   -- what it says; nothing once it is decided
    doubts          text    NOT NULL,                                          -- sentences that name columns, never what stood in them
    actor           text    NOT NULL,                                          -- who imported
    held_at_us      bigint  NOT NULL,
    state           text    NOT NULL CHECK (state IN ('waiting', 'taken', 'left')),
    decided_by      text   ,
    decided_at_us   bigint ,
    reason          text
);
CREATE UNIQUE INDEX held_rows_waiting ON held_rows (digest) WHERE state = 'waiting';
CREATE INDEX held_rows_digest ON held_rows (digest);
