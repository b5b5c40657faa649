SELECT EXISTS (SELECT 1 FROM commands WHERE command_id = $1) AS repeated,
       coalesce((SELECT max(sequence) FROM events WHERE aggregate_type = $2 AND aggregate_id = $3), 0) AS last_sequence,
       (SELECT content_hash FROM events WHERE aggregate_type = $2 AND aggregate_id = $3 AND sequence = $4 - 1) AS previous,
       h.global_seq, h.chain_hash,
       (SELECT chain_hash FROM ledger WHERE global_seq = $5) AS remembered
  FROM ledger_head h
