SELECT l.global_seq, l.chain_hash, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
       CAST(e.payload AS text) AS payload, CAST(e.metadata AS text) AS metadata, e.recorded_at_us
  FROM ledger l
  JOIN events e ON e.position = l.position
 WHERE l.global_seq > $1
 ORDER BY l.global_seq
 LIMIT $2
