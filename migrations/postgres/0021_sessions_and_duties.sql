-- Sessions know their duties, how they began and a name of their own that may be shown. Those of before sign in again.
DROP TABLE sessions;
CREATE TABLE sessions (
    token_hash      bytea   NOT NULL PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    id              text    NOT NULL UNIQUE,                               -- what it is called in lists; tells nothing of the token
    role            text    NOT NULL CHECK (role IN ('member', 'secretariat', 'reporter')),
    actor_id        text    NOT NULL,                                      -- 会員番号 or account, never a name
    duties          text    NOT NULL,                                      -- of the secretariat, words with blanks between them
    via             text    NOT NULL,                                      -- 'demo', 'handover', or the key of an issuer
    browser         text    NOT NULL,                                      -- kind of browser and system, in a word each
    created_at_us   bigint  NOT NULL,                                      -- microseconds since 1970-01-01T00:00:00Z, real time
    seen_at_us      bigint  NOT NULL
);
CREATE INDEX sessions_actor ON sessions (role, actor_id);
