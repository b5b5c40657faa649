-- Mail to members. The texts that were sent lie here as they were sent: the secretariat is asked what exactly a member got. Microseconds
-- since 1970-01-01T00:00:00Z; created, sent, bounced by the clock of the service, attempts and claims by real time.

-- From when on mail is sent: what the ledger held when mail was first switched on is history, and is never told again.
CREATE TABLE mail_start (
    one             INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    after_seq       INTEGER NOT NULL CHECK (after_seq >= 0),
    started_at_us   INTEGER NOT NULL
) STRICT;

-- Texts as the secretariat has edited them, every version; version 0 comes with the program.
CREATE TABLE mail_templates (
    kind            TEXT    NOT NULL,
    version         INTEGER NOT NULL CHECK (version > 0),
    subject         TEXT    NOT NULL,
    body            TEXT    NOT NULL,
    request_id      TEXT    NOT NULL UNIQUE,                               -- the request that made it: repeated, it makes no second one
    request_hash    BLOB    NOT NULL CHECK (length(request_hash) = 32),
    edited_by       TEXT    NOT NULL,
    edited_at_us    INTEGER NOT NULL,
    PRIMARY KEY (kind, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    id                  TEXT    NOT NULL PRIMARY KEY,                      -- derived from the event and the kind: one mail, however often it comes
    application         TEXT    NOT NULL,
    member              TEXT    NOT NULL,
    kind                TEXT    NOT NULL,
    sequence            INTEGER,                                           -- of the event in the application's stream; null: a reminder
    template_version    INTEGER NOT NULL CHECK (template_version >= 0),
    subject             TEXT    NOT NULL,
    body                TEXT    NOT NULL,
    state               TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'failed', 'bounced', 'held')),
    attempts            INTEGER NOT NULL DEFAULT 0,
    next_attempt_us     INTEGER NOT NULL,
    holder              TEXT,                                              -- who is sending it
    claimed_until_us    INTEGER NOT NULL DEFAULT 0,
    error               TEXT,                                              -- a code of ours, never what a server said
    recipient           TEXT,                                              -- the address, once it was sent to
    via                 TEXT,                                              -- smtp or folder
    created_at_us       INTEGER NOT NULL,
    sent_at_us          INTEGER,
    resend_of           TEXT    REFERENCES outbox (id),
    reason              TEXT,
    requested_by        TEXT,
    request_hash        BLOB,
    bounced_at_us       INTEGER,
    bounced_by          TEXT,
    bounce_note         TEXT,
    CHECK ((resend_of IS NULL) = (requested_by IS NULL)),
    CHECK ((bounced_at_us IS NULL) = (bounced_by IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (next_attempt_us) WHERE state = 'waiting';
CREATE INDEX outbox_open ON outbox (state) WHERE state <> 'sent';
CREATE INDEX outbox_newest ON outbox (created_at_us, id);
CREATE INDEX outbox_application ON outbox (application, created_at_us);

-- Days on which the reminders of the day have been written, or are being written.
CREATE TABLE mail_days (
    day             TEXT    NOT NULL PRIMARY KEY,                          -- in Japan
    holder          TEXT    NOT NULL,
    leased_until_us INTEGER NOT NULL,
    done_at_us      INTEGER
) STRICT, WITHOUT ROWID;
