CREATE TABLE view_document_list_g{generation} (
    application  text   NOT NULL PRIMARY KEY,
    sequence     bigint NOT NULL,
    updated_at   bigint NOT NULL,
    documents    text   NOT NULL
);
