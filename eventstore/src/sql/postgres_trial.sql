-- Sent as one, so one transaction. A row of a table finds room in what earlier rows have left; an append does not. So 64 KiB go into a
-- file of this connection's own that is cut to nothing at each commit, and have to get new room on the disk of the tables each time. The
-- row of the table beside it makes the commit one that is written down and sent to the standbys.
SET LOCAL client_min_messages = warning;
SET LOCAL temp_tablespaces = '';
CREATE TEMPORARY TABLE IF NOT EXISTS write_trial_room (filling text NOT NULL) ON COMMIT DELETE ROWS;
INSERT INTO pg_temp.write_trial_room (filling) SELECT repeat('x', 1024) FROM generate_series(1, 64);
UPDATE write_trial SET filling = decode(md5(random()::text), 'hex') WHERE id = 1;
