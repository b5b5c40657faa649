SELECT EXISTS (SELECT 1 FROM commands WHERE command_id = $1) AS repeated,
       coalesce((SELECT max(sequence) FROM events WHERE aggregate_type = $2 AND aggregate_id = $3), 0) AS last_sequence,
       h.global_seq, h.chain_hash
  FROM ledger_head h
