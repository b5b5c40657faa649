-- Every version of a program that a service has started with: a 本紙 is printed again by the rules it was submitted under, also when
-- the program's files have been changed since. Rows are only added.
CREATE TABLE program_versions (
    version         TEXT    NOT NULL PRIMARY KEY,                          -- hash of both texts, as events carry it
    program         TEXT    NOT NULL,
    program_text    TEXT    NOT NULL,
    rules_name      TEXT    NOT NULL,
    rules_text      TEXT    NOT NULL,
    kept_at_us      INTEGER NOT NULL                                       -- microseconds since 1970-01-01T00:00:00Z, real time
) STRICT, WITHOUT ROWID;
