-- The bound and the rows come from one statement, so from one snapshot: below it no transaction is still open, and
-- each one that committed is visible. NOT EXISTS is for events that a re-anchoring has sealed with foreign numbers.
SELECT e.txid::text AS txid, e.position, e.content_hash
  FROM events e
 WHERE (e.txid, e.position) > ($1::text::xid8, $2)
   AND e.txid < pg_snapshot_xmin(pg_current_snapshot())
   AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.position = e.position)
 ORDER BY e.txid, e.position
 LIMIT $3
