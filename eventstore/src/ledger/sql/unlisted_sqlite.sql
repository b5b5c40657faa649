-- SQLite seals in the append, so every event has its row.
SELECT e.aggregate_type, e.aggregate_id, e.sequence
  FROM events e
 WHERE NOT EXISTS (SELECT 1 FROM ledger l WHERE l.position = e.position)
 ORDER BY e.position
 LIMIT 1
