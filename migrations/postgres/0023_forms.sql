-- What the service keeps for its forms: a secret from which the tokens in them are made, the same for every node.
CREATE TABLE service_secrets (
    name            text    NOT NULL PRIMARY KEY,
    secret          bytea   NOT NULL CHECK (octet_length(secret) = 32)
);

-- Forms that came after their session had ended, until whose they are has signed in again; half an hour at most.
CREATE TABLE kept_forms (
    token_hash      bytea   NOT NULL PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    role            text    NOT NULL,                                      -- whose session it was: nobody else gets it
    actor_id        text    NOT NULL,
    path            text    NOT NULL,                                      -- where it was sent to
    body            bytea   NOT NULL,                                      -- as it was sent
    kept_at_us      bigint NOT NULL
);
