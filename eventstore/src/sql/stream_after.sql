SELECT sequence, event_type, event_version, CAST(payload AS text) AS payload
  FROM events
 WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence > $3 AND sequence <= $4
 ORDER BY sequence
