-- Sign-ins that have begun and not ended: each is used once, by the browser that began it, within ten minutes.
CREATE TABLE sign_ins (
    state_hash      BLOB    NOT NULL PRIMARY KEY CHECK (length(state_hash) = 32),
    browser_hash    BLOB    NOT NULL CHECK (length(browser_hash) = 32),   -- of what the browser's cookie holds
    via             TEXT    NOT NULL,                                      -- 'handover', or the key of an issuer
    nonce           TEXT    NOT NULL,                                      -- OpenID Connect; empty for a hand-over
    verifier        TEXT    NOT NULL,                                      -- PKCE; empty for a hand-over
    member          TEXT    NOT NULL,                                      -- 会員番号 of a hand-over; empty for OpenID Connect
    goes_to         TEXT    NOT NULL,                                      -- path of this service to go on to
    begun_at_us     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Hand-over links that were used, for as long as they would be good.
CREATE TABLE used_handovers (
    link_hash       BLOB    NOT NULL PRIMARY KEY CHECK (length(link_hash) = 32),
    used_at_us      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
