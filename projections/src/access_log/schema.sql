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
    refused      bigint NOT NULL,
    named        bigint NOT NULL
);
CREATE TABLE view_access_log_named_g{generation} (
    member       text   NOT NULL,
    global_seq   bigint NOT NULL,
    PRIMARY KEY (member, global_seq)
);
CREATE INDEX view_access_log_g{generation}_member ON view_access_log_g{generation} (member, global_seq);
CREATE INDEX view_access_log_g{generation}_actor ON view_access_log_g{generation} (actor, global_seq);
CREATE INDEX view_access_log_g{generation}_operation ON view_access_log_g{generation} (operation, global_seq);
CREATE TABLE view_access_entrances_g{generation} (
    global_seq   bigint NOT NULL PRIMARY KEY,
    stream       text   NOT NULL,
    sequence     bigint NOT NULL,
    event        text   NOT NULL,
    account      text,
    actor        text   NOT NULL,
    role         text   NOT NULL,
    duties       text,
    way          text,
    token        text,
    client       text,
    request_id   text   NOT NULL,
    at           bigint NOT NULL
);
CREATE INDEX view_access_entrances_g{generation}_stream ON view_access_entrances_g{generation} (stream, global_seq);
CREATE INDEX view_access_entrances_g{generation}_account ON view_access_entrances_g{generation} (account, event, global_seq);
