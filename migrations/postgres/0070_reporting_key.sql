-- What the pseudonyms of the schema `reporting` are made with (docs/reporting.md): HMAC's two hashes with two keys of a block each, so
-- that who reads the views cannot try all 会員番号, which are seven digits. Made once and never again, and no part of what is rebuilt
-- from the log: other keys would be other pseudonyms. Only the service's role reads it; the views do so in its name.
CREATE TABLE reporting_key (
    singleton   boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (singleton),
    inner_key   bytea   NOT NULL CHECK (octet_length(inner_key) = 64),
    outer_key   bytea   NOT NULL CHECK (octet_length(outer_key) = 64)
);
-- gen_random_uuid() is the server's cryptographic generator (122 bits of each are random), and there without any extension.
INSERT INTO reporting_key (inner_key, outer_key)
SELECT decode(replace(string_agg(gen_random_uuid()::text, ''), '-', ''), 'hex'),
       decode(replace(string_agg(gen_random_uuid()::text, ''), '-', ''), 'hex')
  FROM generate_series(1, 4);
