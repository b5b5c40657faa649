SELECT MAX(e.sequence)
  FROM events e
  JOIN ledger l ON l.position = e.position
 WHERE e.aggregate_type = $1 AND e.aggregate_id = $2 AND l.global_seq <= $3
