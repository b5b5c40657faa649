-- Who is signed in. The token itself is only in the person's cookie; here is its SHA-256.
CREATE TABLE sessions (
    token_hash      bytea   NOT NULL PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    role            text    NOT NULL CHECK (role IN ('member', 'secretariat', 'reporter')),
    actor_id        text    NOT NULL,                                      -- 会員番号 or account, never a name
    created_at_us   bigint  NOT NULL,                                      -- microseconds since 1970-01-01T00:00:00Z, real time
    seen_at_us      bigint  NOT NULL
);
