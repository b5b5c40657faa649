-- How many bytes of files each account has had made in the last 24 hours, also of files that it has deleted since.
CREATE TABLE export_usage (
    export          TEXT    NOT NULL PRIMARY KEY,
    owner           TEXT    NOT NULL,                                      -- role and account
    bytes           INTEGER NOT NULL,
    made_at_us      INTEGER NOT NULL                                       -- microseconds since 1970-01-01T00:00:00Z, real time
) STRICT, WITHOUT ROWID;
CREATE INDEX export_usage_owner ON export_usage (owner, made_at_us);

-- An account has only so many.
CREATE INDEX kept_forms_owner ON kept_forms (role, actor_id, kept_at_us);
