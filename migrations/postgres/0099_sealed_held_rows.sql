-- A row that waits carries a seal over what is shown of it and recorded by it: whoever can write rows has nobody record something else. A row of
-- before has none; importing its file again seals it.
ALTER TABLE held_rows ADD COLUMN seal bytea NOT NULL DEFAULT '';
