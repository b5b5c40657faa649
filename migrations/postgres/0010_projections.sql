-- The views that are kept, each with the ledger number up to which its rows are written. The tables of a view are made by
-- `projections` itself (projections/src/*/schema.sql), because two generations of them stand side by side during a rebuild.
CREATE TABLE projections (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,          -- also the key of the lease, an advisory lock of the transaction
    name        text    NOT NULL,
    generation  bigint  NOT NULL CHECK (generation > 0),
    version     bigint  NOT NULL,                                          -- of the code that made the rows: another one may not go on with them
    status      text    NOT NULL CHECK (status IN ('live', 'rebuilding')),
    checkpoint  bigint  NOT NULL DEFAULT 0 CHECK (checkpoint >= 0),        -- global_seq, written in the transaction of the rows
    failed_seq  bigint,
    failure     text,
    CONSTRAINT projections_status UNIQUE (name, status),
    CHECK ((failed_seq IS NULL) = (failure IS NULL))
);
