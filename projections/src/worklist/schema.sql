CREATE TABLE view_worklist_g{generation} (
    application        text    NOT NULL PRIMARY KEY,
    sequence           bigint  NOT NULL,
    program            text    NOT NULL,
    member             text    NOT NULL,
    name               text    NOT NULL,
    furigana           text    NOT NULL,
    search_key         text    NOT NULL,
    furigana_key       text    NOT NULL,
    workplace          text    NOT NULL,
    document_track     text    NOT NULL,
    exam_track         text    NOT NULL,
    certification      text    NOT NULL,
    withdrawn          bigint  NOT NULL,
    units              bigint  NOT NULL,
    required           bigint  NOT NULL,
    missing            bigint  NOT NULL,
    unchecked          bigint  NOT NULL,
    labels             text    NOT NULL,
    submission_number  bigint,
    submitted_at       bigint,
    closes_at          bigint,
    applied_at         bigint  NOT NULL,
    updated_at         bigint  NOT NULL
);
CREATE INDEX view_worklist_g{generation}_updated ON view_worklist_g{generation} (updated_at, application);
CREATE INDEX view_worklist_g{generation}_member ON view_worklist_g{generation} (member, application);
CREATE INDEX view_worklist_g{generation}_furigana ON view_worklist_g{generation} (furigana_key, application);
CREATE INDEX view_worklist_g{generation}_units ON view_worklist_g{generation} (units, application);
-- All that is asked and sorted by and is no text to be searched: such questions read this index and no line of the table.
CREATE INDEX view_worklist_g{generation}_asked ON view_worklist_g{generation} (
    document_track, withdrawn, program, exam_track, certification, missing, units, closes_at, submitted_at, updated_at, member,
    furigana_key, application
);
