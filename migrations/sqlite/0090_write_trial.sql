-- Written by whoever asks whether the service is ready, to see whether a write would be committed. It means nothing.
CREATE TABLE write_trial (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    filling BLOB NOT NULL
);
INSERT INTO write_trial (id, filling) VALUES (1, x'');
