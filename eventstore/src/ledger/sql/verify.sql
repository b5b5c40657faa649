-- Everything that must agree about one ledger row, and where the ledger has the event before it in its stream.
SELECT l.global_seq, l.chain_hash,
       e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
       CAST(e.payload AS text) AS payload, CAST(e.metadata AS text) AS metadata,
       e.command_id, e.recorded_at_us, e.content_hash,
       c.aggregate_type AS command_aggregate_type, c.aggregate_id AS command_aggregate_id,
       c.request_hash AS command_request_hash, c.first_sequence AS command_first_sequence,
       c.last_sequence AS command_last_sequence, c.recorded_at_us AS command_recorded_at_us,
       lp.global_seq AS previous_global_seq
  FROM ledger l
  LEFT JOIN events e ON e.position = l.position
  LEFT JOIN commands c ON c.command_id = e.command_id
  LEFT JOIN events p ON p.aggregate_type = e.aggregate_type AND p.aggregate_id = e.aggregate_id AND p.sequence = e.sequence - 1
  LEFT JOIN ledger lp ON lp.position = p.position
 WHERE l.global_seq > $1 AND l.global_seq <= $2
 ORDER BY l.global_seq
 LIMIT $3
