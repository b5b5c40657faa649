-- Sign-ins that have begun and not ended: each is used once, by the browser that began it, within ten minutes.
CREATE TABLE sign_ins (
    state_hash      bytea   NOT NULL PRIMARY KEY CHECK (octet_length(state_hash) = 32),
    browser_hash    bytea   NOT NULL CHECK (octet_length(browser_hash) = 32), -- of what the browser's cookie holds
    via             text    NOT NULL,                                      -- 'handover', or the key of an issuer
    nonce           text    NOT NULL,                                      -- OpenID Connect; empty for a hand-over
    verifier        text    NOT NULL,                                      -- PKCE; empty for a hand-over
    member          text    NOT NULL,                                      -- 会員番号 of a hand-over; empty for OpenID Connect
    goes_to         text    NOT NULL,                                      -- path of this service to go on to
    begun_at_us     bigint  NOT NULL
);

-- Hand-over links that were used, for as long as they would be good.
CREATE TABLE used_handovers (
    link_hash       bytea   NOT NULL PRIMARY KEY CHECK (octet_length(link_hash) = 32),
    used_at_us      bigint  NOT NULL
);
