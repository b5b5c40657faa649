WITH sealed AS (
    INSERT INTO ledger (global_seq, position, chain_hash)
    SELECT global_seq, position, chain_hash
      FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS s (global_seq, position, chain_hash)
)
UPDATE ledger_head SET global_seq = $4, chain_hash = $5, txid = $6::text::xid8, position = $7
