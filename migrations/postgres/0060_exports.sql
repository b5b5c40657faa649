-- Long lists as files, made in the background for one person each. The file lies here and not on a disk, so that any node can hand it
-- out; 24 hours at most, as it may be full of personal data. Microseconds since 1970-01-01T00:00:00Z, real time.
CREATE TABLE exports (
    id              text    NOT NULL PRIMARY KEY,
    owner           text    NOT NULL,                                      -- role and account: nobody else sees it
    title           text    NOT NULL,                                      -- what it is a list of; never a person's name
    format          text    NOT NULL CHECK (format IN ('xlsx', 'csv', 'csv_cp932')),
    state           text    NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    rows_done       bigint  NOT NULL DEFAULT 0,
    rows_total      bigint  NOT NULL,                                      -- as it was counted before the first row was read
    size            bigint,                                                -- bytes of the file, once it is done
    sentence        text,                                                  -- why there is none, and what to do
    losses          text,                                                  -- JSON: what is not in the file as it was given
    begun_at_us     bigint  NOT NULL,
    seen_at_us      bigint  NOT NULL,                                      -- last sign of life: without an end and old, it was cut
    ended_at_us     bigint,
    expires_at_us   bigint  NOT NULL
);
CREATE INDEX exports_owner ON exports (owner, begun_at_us);
-- What the sweep asks.
CREATE INDEX exports_expires ON exports (expires_at_us);

-- The file in pieces, so that no node needs the memory for a whole one.
CREATE TABLE export_parts (
    export          text    NOT NULL REFERENCES exports (id) ON DELETE CASCADE,
    number          bigint  NOT NULL,                                      -- from 0, without gaps
    bytes           bytea   NOT NULL CHECK (octet_length(bytes) BETWEEN 1 AND 1048576),
    PRIMARY KEY (export, number)
);
