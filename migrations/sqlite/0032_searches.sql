-- What somebody of the secretariat searches for in 申請一覧: an address never carries a name, so it carries the id of this. Those with a
-- name are kept (保存した検索), others end by themselves.
CREATE TABLE searches (
    id              TEXT    NOT NULL PRIMARY KEY,
    owner           TEXT    NOT NULL,                                      -- role and account, as the log has it
    name            TEXT,                                                  -- none: of the moment only
    question        TEXT    NOT NULL CHECK (json_valid(question)),
    made_at_us      INTEGER NOT NULL                                       -- microseconds since 1970-01-01T00:00:00Z, real time
) STRICT, WITHOUT ROWID;
CREATE INDEX searches_owner ON searches (owner, name);
