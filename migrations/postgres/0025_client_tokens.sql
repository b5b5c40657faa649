-- The tokens of machine clients. The secret itself is only with the client; here is its SHA-256. Rows stay: who had access until when is
-- asked afterwards. Microseconds since 1970-01-01T00:00:00Z, real time.
CREATE TABLE client_tokens (
    id              text    NOT NULL PRIMARY KEY,
    request_hash    bytea   NOT NULL CHECK (octet_length(request_hash) = 32), -- the request that made it: repeated, it makes no second one
    token_hash      bytea   NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    name            text    NOT NULL,                                      -- of the client, never a person's
    role            text    NOT NULL CHECK (role IN ('secretariat', 'reporter')),
    scopes          text    NOT NULL,                                      -- names of permissions with blanks between them
    created_by      text    NOT NULL,
    created_at_us   bigint  NOT NULL,
    expires_at_us   bigint  NOT NULL CHECK (expires_at_us > created_at_us AND expires_at_us - created_at_us <= 31536000000000), -- 365 days
    seen_at_us      bigint,
    revoked_at_us   bigint,
    revoked_by      text,
    CHECK ((revoked_at_us IS NULL) = (revoked_by IS NULL))
);
