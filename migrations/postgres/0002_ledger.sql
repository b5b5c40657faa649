-- The dense global order and the hash chain, written by the one sealer (eventstore/src/ledger/seal.rs).
-- position has no foreign key: checking one locks, and so rewrites, the row of every event that is sealed. Events can not be
-- deleted, and `verify` misses one that was.
CREATE TABLE ledger (
    global_seq  bigint  NOT NULL PRIMARY KEY CHECK (global_seq > 0),
    position    bigint  NOT NULL UNIQUE,
    chain_hash  bytea   NOT NULL CHECK (octet_length(chain_hash) = 32)
);

-- The end of the ledger. Its row lock is the sealer's lease: freed by commit, by rollback or by death.
-- (txid, position) is the mark: everything at or below it is in the ledger.
CREATE TABLE ledger_head (
    singleton   boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (singleton),
    global_seq  bigint  NOT NULL,
    txid        xid8    NOT NULL,
    position    bigint  NOT NULL,
    chain_hash  bytea   NOT NULL CHECK (octet_length(chain_hash) = 32)
);
-- SHA-256 of "eventstore/genesis/1", as eventstore::hash::GENESIS.
INSERT INTO ledger_head (global_seq, txid, position, chain_hash)
VALUES (0, '0', 0, '\xc9812d3f3bdc93ae71479fef5aa0402d8dfb8e7d87daa6066b7472849ece11c3');
