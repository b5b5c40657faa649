-- The end of the ledger, and its row of a number that somebody remembers, from one snapshot. An event that has no number yet may still get
-- the one that is remembered: the sealer's commits do not wait for the disk. Which server it is is told by when it was started.
SELECT h.global_seq, h.chain_hash,
       (SELECT l.chain_hash FROM ledger l WHERE l.global_seq = $1) AS remembered,
       EXISTS (SELECT 1 FROM events e WHERE (e.txid, e.position) > (h.txid, h.position)) AS pending,
       extract(epoch FROM pg_postmaster_start_time())::text AS server
  FROM ledger_head h
