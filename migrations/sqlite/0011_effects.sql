-- Followers whose effect is commands. Handling a batch lasts longer than a transaction may, so the lease is a time.
CREATE TABLE effects (
    name            TEXT    NOT NULL PRIMARY KEY,
    checkpoint      INTEGER NOT NULL DEFAULT 0 CHECK (checkpoint >= 0),    -- global_seq, written after the effect: it comes at least once
    holder          TEXT,
    leased_until_us INTEGER NOT NULL DEFAULT 0,                            -- microseconds since 1970-01-01T00:00:00Z, clock of the database
    failed_seq      INTEGER,
    failure         TEXT,
    CHECK ((failed_seq IS NULL) = (failure IS NULL))
) STRICT;
