-- At or below the mark everything is sealed; the head and the rows come from one snapshot. An event that is visible and
-- yet numbered above every transaction of this cluster was restored from another one.
SELECT e.aggregate_type, e.aggregate_id, e.sequence
  FROM events e, ledger_head h
 WHERE NOT EXISTS (SELECT 1 FROM ledger l WHERE l.position = e.position)
   AND ((e.txid, e.position) <= (h.txid, h.position) OR e.txid >= pg_snapshot_xmax(pg_current_snapshot()))
 ORDER BY e.position
 LIMIT 1
