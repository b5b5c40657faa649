-- The duties of a session of the secretariat, words with blanks between them. Sessions of before have none and sign in again.
ALTER TABLE sessions ADD COLUMN duties text NOT NULL DEFAULT '';
