-- Positions are ledger numbers: an event beyond the ledger's end stands where the next one is to be written, or in its way.
SELECT (SELECT coalesce(max(position), 0) FROM events) <= (SELECT global_seq FROM ledger_head) AS goes_on
