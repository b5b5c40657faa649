-- 会員への説明 of a run, beside its 内部の理由.
ALTER TABLE bulk_runs ADD COLUMN explanation TEXT NOT NULL DEFAULT '';

-- 'cancelled': the mail of a decision that was undone before the mail had gone. A CHECK cannot be changed in place.
CREATE TABLE outbox_with_cancelled (
    id                  TEXT    NOT NULL PRIMARY KEY,                      -- derived from the event and the kind: one mail, however often it comes
    application         TEXT    NOT NULL,
    member              TEXT    NOT NULL,
    kind                TEXT    NOT NULL,
    sequence            INTEGER,                                           -- of the event in the application's stream; null: a reminder
    template_version    INTEGER NOT NULL CHECK (template_version >= 0),
    subject             TEXT    NOT NULL,
    body                TEXT    NOT NULL,
    state               TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'failed', 'bounced', 'held', 'cancelled')),
    attempts            INTEGER NOT NULL DEFAULT 0,
    next_attempt_us     INTEGER NOT NULL,
    holder              TEXT,                                              -- who is sending it
    claimed_until_us    INTEGER NOT NULL DEFAULT 0,
    error               TEXT,                                              -- a code of ours, never what a server said
    recipient           TEXT,                                              -- the address, once it was sent to
    via                 TEXT,                                              -- smtp or folder
    created_at_us       INTEGER NOT NULL,
    sent_at_us          INTEGER,
    resend_of           TEXT    REFERENCES outbox_with_cancelled (id),
    reason              TEXT,
    requested_by        TEXT,
    request_hash        BLOB,
    bounced_at_us       INTEGER,
    bounced_by          TEXT,
    bounce_note         TEXT,
    CHECK ((resend_of IS NULL) = (requested_by IS NULL)),
    CHECK ((bounced_at_us IS NULL) = (bounced_by IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO outbox_with_cancelled
       (id, application, member, kind, sequence, template_version, subject, body, state, attempts, next_attempt_us, holder,
        claimed_until_us, error, recipient, via, created_at_us, sent_at_us, resend_of, reason, requested_by, request_hash,
        bounced_at_us, bounced_by, bounce_note)
SELECT id, application, member, kind, sequence, template_version, subject, body, state, attempts, next_attempt_us, holder,
       claimed_until_us, error, recipient, via, created_at_us, sent_at_us, resend_of, reason, requested_by, request_hash,
       bounced_at_us, bounced_by, bounce_note
  FROM outbox ORDER BY created_at_us, resend_of IS NOT NULL;
DROP TABLE outbox;
ALTER TABLE outbox_with_cancelled RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (next_attempt_us) WHERE state = 'waiting';
CREATE INDEX outbox_open ON outbox (state) WHERE state <> 'sent';
CREATE INDEX outbox_newest ON outbox (created_at_us, id);
CREATE INDEX outbox_application ON outbox (application, created_at_us);
