CREATE TABLE view_change_history_g{generation} (
    global_seq   bigint NOT NULL,
    place        bigint NOT NULL,
    application  text   NOT NULL,
    sequence     bigint NOT NULL,
    event        text   NOT NULL,
    document     text,
    row_id       text,
    field        text   NOT NULL,
    before_value text   NOT NULL,
    after_value  text   NOT NULL,
    actor        text   NOT NULL,
    role         text   NOT NULL,
    reason       text,
    approval     text,
    command_id   text   NOT NULL,
    decided_at   bigint NOT NULL,
    PRIMARY KEY (global_seq, place)
);
CREATE INDEX view_change_history_g{generation}_application ON view_change_history_g{generation} (application, global_seq);
CREATE INDEX view_change_history_g{generation}_actor ON view_change_history_g{generation} (actor, global_seq);
CREATE INDEX view_change_history_g{generation}_event ON view_change_history_g{generation} (event, global_seq);
CREATE INDEX view_change_history_g{generation}_document ON view_change_history_g{generation} (document, global_seq);
CREATE TABLE view_change_history_values_g{generation} (
    application  text   NOT NULL,
    slot         text   NOT NULL,
    saved        text   NOT NULL,
    PRIMARY KEY (application, slot)
);
