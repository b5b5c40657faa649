-- Whether a pass would find anything, without taking the lease: a row lock writes, and this is asked all the time.
SELECT h.global_seq, h.chain_hash,
       h.txid >= pg_snapshot_xmax(pg_current_snapshot()) AS foreign_mark,
       EXISTS (SELECT 1 FROM events e
                WHERE (e.txid, e.position) > (h.txid, h.position)
                  AND e.txid < pg_snapshot_xmin(pg_current_snapshot())) AS pending,
       (SELECT l.chain_hash FROM ledger l WHERE l.global_seq = $1) AS remembered
  FROM ledger_head h
