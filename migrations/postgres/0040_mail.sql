-- Mail to members. The texts that were sent lie here as they were sent: the secretariat is asked what exactly a member got. Microseconds
-- since 1970-01-01T00:00:00Z; created, sent, bounced by the clock of the service, attempts and claims by real time.

-- From when on mail is sent: what the ledger held when mail was first switched on is history, and is never told again.
CREATE TABLE mail_start (
    one             bigint  NOT NULL PRIMARY KEY CHECK (one = 1),
    after_seq       bigint  NOT NULL CHECK (after_seq >= 0),
    started_at_us   bigint  NOT NULL
);

-- Texts as the secretariat has edited them, every version; version 0 comes with the program.
CREATE TABLE mail_templates (
    kind            text    NOT NULL,
    version         bigint  NOT NULL CHECK (version > 0),
    subject         text    NOT NULL,
    body            text    NOT NULL,
    request_id      text    NOT NULL UNIQUE,                               -- the request that made it: repeated, it makes no second one
    request_hash    bytea   NOT NULL CHECK (octet_length(request_hash) = 32),
    edited_by       text    NOT NULL,
    edited_at_us    bigint  NOT NULL,
    PRIMARY KEY (kind, version)
);

CREATE TABLE outbox (
    id                  text    NOT NULL PRIMARY KEY,                      -- derived from the event and the kind: one mail, however often it comes
    application         text    NOT NULL,
    member              text    NOT NULL,
    kind                text    NOT NULL,
    sequence            bigint,                                            -- of the event in the application's stream; null: a reminder
    template_version    bigint  NOT NULL CHECK (template_version >= 0),
    subject             text    NOT NULL,
    body                text    NOT NULL,
    state               text    NOT NULL CHECK (state IN ('waiting', 'sent', 'failed', 'bounced', 'held')),
    attempts            bigint  NOT NULL DEFAULT 0,
    next_attempt_us     bigint  NOT NULL,
    holder              text,                                              -- who is sending it
    claimed_until_us    bigint  NOT NULL DEFAULT 0,
    error               text,                                              -- a code of ours, never what a server said
    recipient           text,                                              -- the address, once it was sent to
    via                 text,                                              -- smtp or folder
    created_at_us       bigint  NOT NULL,
    sent_at_us          bigint,
    resend_of           text    REFERENCES outbox (id),
    reason              text,
    requested_by        text,
    request_hash        bytea,
    bounced_at_us       bigint,
    bounced_by          text,
    bounce_note         text,
    CHECK ((resend_of IS NULL) = (requested_by IS NULL)),
    CHECK ((bounced_at_us IS NULL) = (bounced_by IS NULL))
);
CREATE INDEX outbox_due ON outbox (next_attempt_us) WHERE state = 'waiting';
CREATE INDEX outbox_open ON outbox (state) WHERE state <> 'sent';
CREATE INDEX outbox_newest ON outbox (created_at_us, id);
CREATE INDEX outbox_application ON outbox (application, created_at_us);

-- Days on which the reminders of the day have been written, or are being written.
CREATE TABLE mail_days (
    day             text    NOT NULL PRIMARY KEY,                          -- in Japan
    holder          text    NOT NULL,
    leased_until_us bigint  NOT NULL,
    done_at_us      bigint
);
