UPDATE ledger_head SET global_seq = $1, chain_hash = $2
