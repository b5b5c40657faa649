INSERT INTO commands (command_id, aggregate_type, aggregate_id, request_hash, first_sequence, last_sequence, recorded_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7)
