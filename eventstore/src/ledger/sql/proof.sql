-- A stream as it was hashed, with its rows of the ledger and the hash that each follows.
SELECT e.sequence, e.event_type, e.event_version, CAST(e.payload AS text) AS payload, CAST(e.metadata AS text) AS metadata,
       e.command_id, e.recorded_at_us, e.content_hash, l.global_seq, l.chain_hash, p.chain_hash AS previous_hash
  FROM events e
  LEFT JOIN ledger l ON l.position = e.position
  LEFT JOIN ledger p ON p.global_seq = l.global_seq - 1
 WHERE e.aggregate_type = $1 AND e.aggregate_id = $2
 ORDER BY e.sequence
