-- The views that are kept, each with the ledger number up to which its rows are written. The tables of a view are made by
-- `projections` itself (projections/src/*/schema.sql), because two generations of them stand side by side during a rebuild.
CREATE TABLE projections (
    id          INTEGER NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    generation  INTEGER NOT NULL CHECK (generation > 0),
    version     INTEGER NOT NULL,                                          -- of the code that made the rows: another one may not go on with them
    status      TEXT    NOT NULL CHECK (status IN ('live', 'rebuilding')),
    checkpoint  INTEGER NOT NULL DEFAULT 0 CHECK (checkpoint >= 0),        -- global_seq, written in the transaction of the rows
    failed_seq  INTEGER,
    failure     TEXT,
    CONSTRAINT projections_status UNIQUE (name, status),
    CHECK ((failed_seq IS NULL) = (failure IS NULL))
) STRICT;
