INSERT INTO ledger (global_seq, position, chain_hash) VALUES ($1, $1, $2)
