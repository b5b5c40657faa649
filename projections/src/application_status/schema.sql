CREATE TABLE view_application_status_g{generation} (
    application        text    NOT NULL PRIMARY KEY,
    sequence           bigint  NOT NULL,
    program            text    NOT NULL,
    member             text    NOT NULL,
    scope              text    NOT NULL,
    document_track     text    NOT NULL,
    exam_track         text    NOT NULL,
    exam_passed        bigint,
    exam_fees          text    NOT NULL,
    submission_number  bigint,
    submitted_at       bigint,
    applied_at         bigint  NOT NULL,
    withdrawn_at       bigint,
    updated_at         bigint  NOT NULL
);
CREATE INDEX view_application_status_g{generation}_member ON view_application_status_g{generation} (member);
CREATE INDEX view_application_status_g{generation}_program ON view_application_status_g{generation} (program, document_track);
