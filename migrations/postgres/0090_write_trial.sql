-- Written by whoever asks whether the service is ready, to see whether a write would be committed. It means nothing.
CREATE TABLE write_trial (
    id integer PRIMARY KEY CHECK (id = 1),
    filling bytea NOT NULL
);
INSERT INTO write_trial (id, filling) VALUES (1, '');
