-- A moment of each day in Japan (UTC+9: 32,400 s; a day: 86,400 s) on which rows after a number were recorded, and the highest of them.
SELECT min(e.recorded_at_us) AS recorded_at_us, max(l.global_seq) AS highest
  FROM ledger l
  JOIN events e ON e.position = l.position
 WHERE l.global_seq > $1
 GROUP BY (e.recorded_at_us + 32400000000) / 86400000000
 ORDER BY 1
