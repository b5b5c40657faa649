SELECT l.global_seq, l.chain_hash
  FROM events e
  JOIN ledger l ON l.position = e.position
 WHERE e.aggregate_type = $1 AND e.aggregate_id = $2 AND e.sequence = $3
