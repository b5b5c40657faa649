-- The log. The column names are those that sqlite-es 0.5 selects, so its reader works on it unchanged.
CREATE TABLE events (
    position        INTEGER NOT NULL PRIMARY KEY,                          -- equals global_seq: one writer, so allocation order is commit order
    aggregate_type  TEXT    NOT NULL,
    aggregate_id    TEXT    NOT NULL,
    sequence        INTEGER NOT NULL CHECK (sequence > 0),
    event_type      TEXT    NOT NULL,
    event_version   TEXT    NOT NULL,
    payload         TEXT    NOT NULL CHECK (json_valid(payload)),
    metadata        TEXT    NOT NULL CHECK (json_valid(metadata)),
    command_id      BLOB    NOT NULL CHECK (length(command_id) = 16),
    recorded_at_us  INTEGER NOT NULL,                                      -- microseconds since 1970-01-01T00:00:00Z
    content_hash    BLOB    NOT NULL CHECK (length(content_hash) = 32),
    CONSTRAINT events_stream UNIQUE (aggregate_type, aggregate_id, sequence)
) STRICT;

-- One row for each command that changed something: its idempotency key, written in the transaction of its events.
CREATE TABLE commands (
    command_id      BLOB    NOT NULL PRIMARY KEY CHECK (length(command_id) = 16),
    aggregate_type  TEXT    NOT NULL,
    aggregate_id    TEXT    NOT NULL,
    request_hash    BLOB    NOT NULL CHECK (length(request_hash) = 32),
    first_sequence  INTEGER NOT NULL,
    last_sequence   INTEGER NOT NULL,
    recorded_at_us  INTEGER NOT NULL,
    CHECK (first_sequence > 0 AND last_sequence >= first_sequence)
) STRICT, WITHOUT ROWID;
