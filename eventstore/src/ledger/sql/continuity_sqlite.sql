SELECT h.global_seq, h.chain_hash,
       (SELECT l.chain_hash FROM ledger l WHERE l.global_seq = $1) AS remembered,
       0 AS pending,
       '' AS server
  FROM ledger_head h
