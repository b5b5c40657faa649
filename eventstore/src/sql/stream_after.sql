-- With the event that is known already, for its hash: the stream may not be the one that was read then.
SELECT sequence, event_type, event_version, CASE WHEN sequence > $3 THEN CAST(payload AS text) ELSE '' END AS payload, content_hash
  FROM events
 WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence >= $3 AND sequence <= $4
 ORDER BY sequence
