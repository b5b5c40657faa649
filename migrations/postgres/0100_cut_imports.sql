-- A run that the database cut in the middle is not 完了, although its end could be written down.
ALTER TABLE imports ADD COLUMN cut bigint NOT NULL DEFAULT 0;
