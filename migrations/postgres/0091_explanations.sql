-- 会員への説明 of a run, beside its 内部の理由.
ALTER TABLE bulk_runs ADD COLUMN explanation text NOT NULL DEFAULT '';

-- 'cancelled': the mail of a decision that was undone before the mail had gone.
ALTER TABLE outbox DROP CONSTRAINT outbox_state_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_state_check
    CHECK (state IN ('waiting', 'sent', 'failed', 'bounced', 'held', 'cancelled'));
