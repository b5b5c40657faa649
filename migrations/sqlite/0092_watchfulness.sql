-- How far the running services have verified the log, all nodes together. Only a place to go on from: who forges it gains a pass.
CREATE TABLE log_verification (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    verified        INTEGER NOT NULL DEFAULT 0,                            -- global_seq up to which the pass under way has come
    passes          INTEGER NOT NULL DEFAULT 0,                            -- that are complete
    problems        INTEGER NOT NULL DEFAULT 0,                            -- found by the pass under way
    completed_at_us INTEGER,
    holder          TEXT,                                                  -- who is at a slice
    leased_until_us INTEGER NOT NULL DEFAULT 0,                            -- microseconds since 1970-01-01T00:00:00Z, clock of the database
    next_at_us      INTEGER NOT NULL DEFAULT 0,                            -- when the next slice is due
    failed_seq      INTEGER,
    failure         TEXT,                                                  -- what was found and is not known to be mended
    found_at_us     INTEGER
) STRICT;
INSERT INTO log_verification (id) VALUES (1);

-- That the log is not the one which a node has seen (a failover, a restore), as that node noticed it.
CREATE TABLE log_breaks (
    id              TEXT    NOT NULL PRIMARY KEY,
    noticed_at_us   INTEGER NOT NULL,
    last_seen       INTEGER NOT NULL,                                      -- global_seq that the node knew
    common          INTEGER NOT NULL,                                      -- up to which the log is known to be the same
    found           INTEGER NOT NULL,                                      -- where the log ended when it was noticed
    commands        TEXT    NOT NULL,                                      -- JSON: what the node had answered and is not there
    settled_at_us   INTEGER                                                -- an operator has dealt with it
) STRICT, WITHOUT ROWID;
