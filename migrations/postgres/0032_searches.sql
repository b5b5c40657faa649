-- What somebody of the secretariat searches for in 申請一覧: an address never carries a name, so it carries the id of this. Those with a
-- name are kept (保存した検索), others end by themselves.
CREATE TABLE searches (
    id              text    NOT NULL PRIMARY KEY,
    owner           text    NOT NULL,                                      -- role and account, as the log has it
    name            text,                                                  -- none: of the moment only
    question        text    NOT NULL,
    made_at_us      bigint  NOT NULL                                       -- microseconds since 1970-01-01T00:00:00Z, real time
);
CREATE INDEX searches_owner ON searches (owner, name);
