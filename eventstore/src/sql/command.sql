SELECT aggregate_type, aggregate_id, request_hash, first_sequence, last_sequence
  FROM commands
 WHERE command_id = $1
