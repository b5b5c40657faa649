-- Bytes that a role has written into a stream since a time. Read from its end, so that a long stream costs no more than a day of it.
SELECT COALESCE(SUM(octet_length(CAST(payload AS TEXT))), 0)
  FROM events
 WHERE aggregate_type = $1 AND aggregate_id = $2
   AND sequence > COALESCE((SELECT sequence
                              FROM events
                             WHERE aggregate_type = $1 AND aggregate_id = $2
                               AND CAST(metadata ->> 'decided_at_us' AS BIGINT) < $3
                             ORDER BY sequence DESC
                             LIMIT 1), 0)
   AND metadata ->> 'role' = $4
