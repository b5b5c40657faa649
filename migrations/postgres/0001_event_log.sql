-- The log. The column names are those that postgres-es 0.5 selects, so its reader works on it unchanged.
CREATE TABLE events (
    position        bigint  GENERATED ALWAYS AS IDENTITY,                  -- allocation order: has gaps and is not commit order
    txid            xid8    NOT NULL DEFAULT pg_current_xact_id(),         -- with the position: an order that no reader can overtake
    aggregate_type  text    NOT NULL,
    aggregate_id    text    NOT NULL,
    sequence        bigint  NOT NULL CHECK (sequence > 0),
    event_type      text    NOT NULL,
    event_version   text    NOT NULL,
    payload         json    NOT NULL,                                      -- json, not jsonb: the text that was hashed is the text that is kept
    metadata        json    NOT NULL,
    command_id      uuid    NOT NULL,
    recorded_at_us  bigint  NOT NULL,                                      -- microseconds since 1970-01-01T00:00:00Z
    content_hash    bytea   NOT NULL CHECK (octet_length(content_hash) = 32),
    CONSTRAINT events_stream PRIMARY KEY (aggregate_type, aggregate_id, sequence)
);
CREATE UNIQUE INDEX events_position ON events (position);
CREATE INDEX events_txid_position ON events (txid, position);

-- One row for each command that changed something: its idempotency key, written in the transaction of its events.
CREATE TABLE commands (
    command_id      uuid    NOT NULL CONSTRAINT commands_pkey PRIMARY KEY,
    aggregate_type  text    NOT NULL,
    aggregate_id    text    NOT NULL,
    request_hash    bytea   NOT NULL CHECK (octet_length(request_hash) = 32),
    first_sequence  bigint  NOT NULL,
    last_sequence   bigint  NOT NULL,
    recorded_at_us  bigint  NOT NULL,
    CHECK (first_sequence > 0 AND last_sequence >= first_sequence)
);

-- One call, one round trip: the guards, the command row and its events.
-- EV001: not the first write of its transaction. EV002: the stream does not reach up to the event before the first.
CREATE FUNCTION append_events(
    p_command_id uuid, p_request_hash bytea, p_aggregate_type text, p_aggregate_id text, p_first bigint,
    p_event_types text[], p_event_versions text[], p_payloads text[], p_metadata text,
    p_recorded_at_us bigint, p_content_hashes bytea[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Within a stream the transaction number must rise with the sequence. It does when the event before was seen
    -- committed before this transaction drew its number, so nothing may have been written earlier in it.
    IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
        RAISE EXCEPTION 'append_events must be the first write of its transaction' USING ERRCODE = 'EV001';
    END IF;
    IF p_first > 1 AND NOT EXISTS (
        SELECT 1 FROM events
         WHERE aggregate_type = p_aggregate_type AND aggregate_id = p_aggregate_id AND sequence = p_first - 1
    ) THEN
        RAISE EXCEPTION 'the stream has no event %', p_first - 1 USING ERRCODE = 'EV002';
    END IF;
    -- The command row comes first: a repeated command is then known as repeated, not as a conflict.
    INSERT INTO commands (command_id, aggregate_type, aggregate_id, request_hash, first_sequence, last_sequence, recorded_at_us)
    VALUES (p_command_id, p_aggregate_type, p_aggregate_id, p_request_hash,
            p_first, p_first + cardinality(p_event_types) - 1, p_recorded_at_us);
    -- A loop and not unnest(): most commands have one event, and a function scan over four arrays costs more than the insert.
    FOR i IN 1 .. cardinality(p_event_types) LOOP
        INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                            command_id, recorded_at_us, content_hash)
        VALUES (p_aggregate_type, p_aggregate_id, p_first + i - 1, p_event_types[i], p_event_versions[i],
                p_payloads[i]::json, p_metadata::json, p_command_id, p_recorded_at_us, p_content_hashes[i]);
    END LOOP;
END $$;
