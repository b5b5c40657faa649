-- What the service keeps for its forms: a secret from which the tokens in them are made, the same for every node.
CREATE TABLE service_secrets (
    name            TEXT    NOT NULL PRIMARY KEY,
    secret          BLOB   NOT NULL CHECK (length(secret) = 32)
) STRICT, WITHOUT ROWID;

-- Forms that came after their session had ended, until whose they are has signed in again; half an hour at most.
CREATE TABLE kept_forms (
    token_hash      BLOB   NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    role            TEXT    NOT NULL,                                      -- whose session it was: nobody else gets it
    actor_id        TEXT    NOT NULL,
    path            TEXT    NOT NULL,                                      -- where it was sent to
    body            BLOB   NOT NULL,                                      -- as it was sent
    kept_at_us      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
