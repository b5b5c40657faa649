-- Nothing: the schema `reporting` is for roles that may read it and nothing else (docs/reporting.md), and SQLite has no roles.
SELECT 1;
