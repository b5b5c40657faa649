CREATE TABLE view_access_log_g{generation} (
    global_seq   bigint NOT NULL PRIMARY KEY,
    member       text   NOT NULL,
    sequence     bigint NOT NULL,
    actor        text   NOT NULL,
    role         text   NOT NULL,
    operation    text   NOT NULL,
    application  text,
    request_id   text   NOT NULL,
    viewed_at    bigint NOT NULL,
    refused      bigint NOT NULL
);
CREATE INDEX view_access_log_g{generation}_member ON view_access_log_g{generation} (member, global_seq);
CREATE INDEX view_access_log_g{generation}_actor ON view_access_log_g{generation} (actor, global_seq);
CREATE INDEX view_access_log_g{generation}_operation ON view_access_log_g{generation} (operation, global_seq);
