-- By position, not by transaction number: the numbers of two clusters do not compare, positions go on in one sequence.
SELECT e.txid::text AS txid, e.position, e.content_hash
  FROM events e
 WHERE e.position > $1
   AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.position = e.position)
 ORDER BY e.position
 LIMIT $2
