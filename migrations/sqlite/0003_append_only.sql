-- What is written stays written, also for the owner by accident. Whoever drops these triggers is found by `verify`.
CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'UPDATE on events refused: append-only'); END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'DELETE on events refused: append-only'); END;
CREATE TRIGGER commands_no_update BEFORE UPDATE ON commands BEGIN SELECT RAISE(ABORT, 'UPDATE on commands refused: append-only'); END;
CREATE TRIGGER commands_no_delete BEFORE DELETE ON commands BEGIN SELECT RAISE(ABORT, 'DELETE on commands refused: append-only'); END;
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'UPDATE on ledger refused: append-only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'DELETE on ledger refused: append-only'); END;
CREATE TRIGGER ledger_head_no_delete BEFORE DELETE ON ledger_head BEGIN SELECT RAISE(ABORT, 'DELETE on ledger_head refused: append-only'); END;

-- INSERT OR REPLACE removes the row in its way without firing the triggers above, so an existing key is refused before it comes to that.
CREATE TRIGGER events_no_replace BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE position = NEW.position)
  OR NEW.sequence <> 1 + coalesce((SELECT max(sequence) FROM events
                                    WHERE aggregate_type = NEW.aggregate_type AND aggregate_id = NEW.aggregate_id), 0)
BEGIN SELECT RAISE(ABORT, 'INSERT on events refused: it must extend its stream by exactly one'); END;
CREATE TRIGGER commands_no_replace BEFORE INSERT ON commands
WHEN EXISTS (SELECT 1 FROM commands WHERE command_id = NEW.command_id)
BEGIN SELECT RAISE(ABORT, 'INSERT on commands refused: the command id exists'); END;
CREATE TRIGGER ledger_no_replace BEFORE INSERT ON ledger
WHEN EXISTS (SELECT 1 FROM ledger WHERE global_seq = NEW.global_seq OR position = NEW.position)
BEGIN SELECT RAISE(ABORT, 'INSERT on ledger refused: the row exists'); END;
CREATE TRIGGER ledger_head_no_replace BEFORE INSERT ON ledger_head
BEGIN SELECT RAISE(ABORT, 'INSERT on ledger_head refused: it has one row'); END;
