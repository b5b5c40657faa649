-- Followers whose effect is commands. Handling a batch lasts longer than a transaction may, so the lease is a time.
CREATE TABLE effects (
    name            text    NOT NULL PRIMARY KEY,
    checkpoint      bigint  NOT NULL DEFAULT 0 CHECK (checkpoint >= 0),    -- global_seq, written after the effect: it comes at least once
    holder          text,
    leased_until_us bigint  NOT NULL DEFAULT 0,                            -- microseconds since 1970-01-01T00:00:00Z, clock of the database
    failed_seq      bigint,
    failure         text,
    CHECK ((failed_seq IS NULL) = (failure IS NULL))
);
