-- A command whose events are not there. Commands and events are written together, so one snapshot sees both or none.
SELECT c.aggregate_type, c.aggregate_id, c.first_sequence
  FROM commands c
 WHERE (SELECT count(*) FROM events e
         WHERE e.aggregate_type = c.aggregate_type AND e.aggregate_id = c.aggregate_id
           AND e.sequence BETWEEN c.first_sequence AND c.last_sequence AND e.command_id = c.command_id)
       <> c.last_sequence - c.first_sequence + 1
 LIMIT 1
