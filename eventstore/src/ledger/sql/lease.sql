-- The lease. SKIP LOCKED: whoever finds it taken leaves the work to the one who has it.
-- The sealer's commit need not wait for the disk: the events that it numbers are there already, and after a crash the
-- same events get the same numbers again. Whatever was derived from the numbers and is durable lies behind them in the
-- write-ahead log, which is cut off only at its end.
SELECT global_seq, chain_hash, txid::text AS txid, position, txid >= pg_snapshot_xmax(pg_current_snapshot()) AS foreign_mark,
       set_config('synchronous_commit', 'off', true),
       (SELECT l.chain_hash FROM ledger l WHERE l.global_seq = $1) AS remembered
  FROM ledger_head
   FOR UPDATE SKIP LOCKED
