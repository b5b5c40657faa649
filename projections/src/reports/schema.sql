-- Nothing is overwritten: a row says what held from the event `since` (ledger number) to the one before `until`; what holds still has
-- the largest number there. So any earlier state is asked for by `since <= N AND until > N`.
CREATE TABLE view_report_applications_g{generation} (
    application           text    NOT NULL,
    since                 bigint  NOT NULL,
    until                 bigint  NOT NULL,
    since_at              bigint  NOT NULL,
    until_at              bigint,
    program               text    NOT NULL,
    member                text    NOT NULL,
    name                  text    NOT NULL,
    furigana              text    NOT NULL,
    workplace             text    NOT NULL,
    certification_number  text    NOT NULL,
    scope                 text    NOT NULL,
    stage                 bigint  NOT NULL,
    document_track        text    NOT NULL,
    exam_track            text    NOT NULL,
    certification         text    NOT NULL,
    withdrawn             bigint  NOT NULL,
    units                 bigint  NOT NULL,
    required              bigint  NOT NULL,
    missing               bigint  NOT NULL,
    returned              bigint  NOT NULL,
    completed_days        bigint,
    submitted_at          bigint,
    closes_at             bigint,
    certified_on          text    NOT NULL,
    expires_on            text    NOT NULL,
    PRIMARY KEY (application, since)
);
-- What the figures are counted by.
CREATE INDEX view_report_applications_g{generation}_counted ON view_report_applications_g{generation} (
    until, since, program, withdrawn, stage, document_track, units, required, missing, returned, completed_days, application
);
CREATE INDEX view_report_applications_g{generation}_member ON view_report_applications_g{generation} (member, until);
CREATE TABLE view_report_stays_g{generation} (
    application           text    NOT NULL,
    track                 text    NOT NULL,
    since                 bigint  NOT NULL,
    until                 bigint  NOT NULL,
    since_at              bigint  NOT NULL,
    until_at              bigint,
    program               text    NOT NULL,
    state                 text    NOT NULL,
    PRIMARY KEY (application, track, since)
);
-- Over first, in the order of how long they took: a percentile is a place in it.
CREATE INDEX view_report_stays_g{generation}_over ON view_report_stays_g{generation} (
    track, state, (until_at - since_at), program, until
);
CREATE TABLE view_report_charges_g{generation} (
    application           text    NOT NULL,
    item                  text    NOT NULL,
    since                 bigint  NOT NULL,
    until                 bigint  NOT NULL,
    since_at              bigint  NOT NULL,
    until_at              bigint,
    program               text    NOT NULL,
    member                text    NOT NULL,
    month                 text    NOT NULL,
    route                 text    NOT NULL,
    amount_yen            bigint,
    PRIMARY KEY (application, item, since)
);
CREATE INDEX view_report_charges_g{generation}_counted ON view_report_charges_g{generation} (
    until, since, program, month, item, route, amount_yen
);
CREATE TABLE view_report_confirmations_g{generation} (
    application           text    NOT NULL,
    transaction_number    text    NOT NULL,
    since                 bigint  NOT NULL,
    until                 bigint  NOT NULL,
    since_at              bigint  NOT NULL,
    until_at              bigint,
    program               text    NOT NULL,
    member                text    NOT NULL,
    item                  text    NOT NULL,
    month                 text    NOT NULL,
    route                 text    NOT NULL,
    amount_yen            bigint  NOT NULL,
    PRIMARY KEY (application, transaction_number, since)
);
CREATE INDEX view_report_confirmations_g{generation}_counted ON view_report_confirmations_g{generation} (
    until, since, program, month, item, route, amount_yen
);
CREATE INDEX view_report_confirmations_g{generation}_transaction ON view_report_confirmations_g{generation} (transaction_number, until);
CREATE TABLE view_report_receipts_g{generation} (
    member                text    NOT NULL,
    transaction_number    text    NOT NULL,
    since                 bigint  NOT NULL,
    until                 bigint  NOT NULL,
    since_at              bigint  NOT NULL,
    until_at              bigint,
    item                  text    NOT NULL,
    month                 text    NOT NULL,
    amount_yen            bigint  NOT NULL,
    PRIMARY KEY (member, transaction_number, since)
);
CREATE INDEX view_report_receipts_g{generation}_counted ON view_report_receipts_g{generation} (
    until, since, month, item, amount_yen, transaction_number
);
CREATE TABLE view_report_members_g{generation} (
    member                text    NOT NULL,
    since                 bigint  NOT NULL,
    until                 bigint  NOT NULL,
    since_at              bigint  NOT NULL,
    until_at              bigint,
    name                  text    NOT NULL,
    furigana              text    NOT NULL,
    email                 text    NOT NULL,
    workplace             text    NOT NULL,
    birth_date            text    NOT NULL,
    prefecture            text    NOT NULL,
    hospital              text    NOT NULL,
    speciality            text    NOT NULL,
    certification_number  text    NOT NULL,
    last_certified_on     text    NOT NULL,
    valid_until           text    NOT NULL,
    seminar_units         bigint  NOT NULL,
    regular_year          bigint,
    renewal               bigint,
    PRIMARY KEY (member, since)
);
CREATE INDEX view_report_members_g{generation}_counted ON view_report_members_g{generation} (
    until, since, regular_year, renewal, prefecture, hospital, speciality, birth_date, member
);
CREATE TABLE view_report_attendance_g{generation} (
    member                text    NOT NULL,
    seminar               text    NOT NULL,
    since                 bigint  NOT NULL,
    until                 bigint  NOT NULL,
    since_at              bigint  NOT NULL,
    until_at              bigint,
    first_day             text    NOT NULL,
    units                 bigint  NOT NULL,
    PRIMARY KEY (member, seminar, since)
);
CREATE TABLE view_report_return_items_g{generation} (
    number                bigint  NOT NULL,
    item                  bigint  NOT NULL,
    application           text    NOT NULL,
    program               text    NOT NULL,
    document              text    NOT NULL,
    PRIMARY KEY (number, item)
);
CREATE TABLE view_report_acts_g{generation} (
    number                bigint  NOT NULL PRIMARY KEY,
    at                    bigint  NOT NULL,
    application           text    NOT NULL,
    program               text    NOT NULL,
    actor                 text    NOT NULL,
    act                   text    NOT NULL
);
CREATE INDEX view_report_acts_g{generation}_counted ON view_report_acts_g{generation} (actor, act, program, number);
-- The first and the last ledger number of each minute (since 1970). An event that was decided before the one in front of it belongs to that one's
-- minute: the clock of the ledger does not go back.
CREATE TABLE view_report_minutes_g{generation} (
    minute                bigint  NOT NULL PRIMARY KEY,
    first                 bigint  NOT NULL,
    number                bigint  NOT NULL
);
