-- The dense global order and the hash chain, written in the transaction of the events (eventstore/src/append/sqlite.rs).
CREATE TABLE ledger (
    global_seq  INTEGER NOT NULL PRIMARY KEY CHECK (global_seq > 0),
    position    INTEGER NOT NULL UNIQUE REFERENCES events (position),
    chain_hash  BLOB    NOT NULL CHECK (length(chain_hash) = 32)
) STRICT;

-- The end of the ledger: a ledger that lost its last rows differs from it.
CREATE TABLE ledger_head (
    singleton   INTEGER NOT NULL PRIMARY KEY DEFAULT 1 CHECK (singleton = 1),
    global_seq  INTEGER NOT NULL,
    chain_hash  BLOB    NOT NULL CHECK (length(chain_hash) = 32)
) STRICT;
-- SHA-256 of "eventstore/genesis/1", as eventstore::hash::GENESIS.
INSERT INTO ledger_head (global_seq, chain_hash)
VALUES (0, x'c9812d3f3bdc93ae71479fef5aa0402d8dfb8e7d87daa6066b7472849ece11c3');
