-- How far the running services have verified the log, all nodes together. Only a place to go on from: who forges it gains a pass.
CREATE TABLE log_verification (
    id              integer PRIMARY KEY CHECK (id = 1),
    verified        bigint  NOT NULL DEFAULT 0,                            -- global_seq up to which the pass under way has come
    passes          bigint  NOT NULL DEFAULT 0,                            -- that are complete
    problems        bigint  NOT NULL DEFAULT 0,                            -- found by the pass under way
    completed_at_us bigint,
    holder          text,                                                  -- who is at a slice
    leased_until_us bigint  NOT NULL DEFAULT 0,                            -- microseconds since 1970-01-01T00:00:00Z, clock of the database
    next_at_us      bigint  NOT NULL DEFAULT 0,                            -- when the next slice is due
    failed_seq      bigint,
    failure         text,                                                  -- what was found and is not known to be mended
    found_at_us     bigint
);
INSERT INTO log_verification (id) VALUES (1);

-- That the log is not the one which a node has seen (a failover, a restore), as that node noticed it.
CREATE TABLE log_breaks (
    id              text    NOT NULL PRIMARY KEY,
    noticed_at_us   bigint  NOT NULL,
    last_seen       bigint  NOT NULL,                                      -- global_seq that the node knew
    common          bigint  NOT NULL,                                      -- up to which the log is known to be the same
    found           bigint  NOT NULL,                                      -- where the log ended when it was noticed
    commands        text    NOT NULL,                                      -- JSON: what the node had answered and is not there
    settled_at_us   bigint                                                 -- an operator has dealt with it
);

-- Appending as before (0001), and the event before the first is the one that was decided on: after a failover a stream may have come as
-- far on another way. EV004: it is another one. Whoever does not say which (a node of before, during an update) is not asked.
DROP FUNCTION append_events(uuid, bytea, text, text, bigint, text[], text[], text[], text, bigint, bytea[]);
CREATE FUNCTION append_events(
    p_command_id uuid, p_request_hash bytea, p_aggregate_type text, p_aggregate_id text, p_first bigint,
    p_event_types text[], p_event_versions text[], p_payloads text[], p_metadata text,
    p_recorded_at_us bigint, p_content_hashes bytea[], p_previous bytea DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_previous bytea;
BEGIN
    -- Within a stream the transaction number must rise with the sequence. It does when the event before was seen
    -- committed before this transaction drew its number, so nothing may have been written earlier in it.
    IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
        RAISE EXCEPTION 'append_events must be the first write of its transaction' USING ERRCODE = 'EV001';
    END IF;
    IF p_first > 1 THEN
        SELECT content_hash INTO v_previous FROM events
         WHERE aggregate_type = p_aggregate_type AND aggregate_id = p_aggregate_id AND sequence = p_first - 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the stream has no event %', p_first - 1 USING ERRCODE = 'EV002';
        END IF;
        IF v_previous <> p_previous THEN
            RAISE EXCEPTION 'the stream has another event %', p_first - 1 USING ERRCODE = 'EV004';
        END IF;
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
