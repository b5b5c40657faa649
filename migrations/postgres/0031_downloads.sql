-- The last 申請書 that a member has downloaded of an application, so that the pages can say what has changed since. No history: what was
-- printed can be printed again, and losing this loses a notice only.
CREATE TABLE downloads (
    application         text    NOT NULL PRIMARY KEY,
    submission_number   bigint,                                            -- of 本紙; null: 申請書（仮）
    fingerprints        text    NOT NULL,                                   -- part of the print → hash of what it said
    downloaded_at_us    bigint  NOT NULL                                   -- microseconds since 1970-01-01T00:00:00Z, the service's clock
);
