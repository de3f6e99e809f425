-- Stands before every script. KEYS[1] is the table: the hash of the good proxies' records.
-- All other keys are the table's name with a suffix; keys.py says what each holds.
local TABLE = KEYS[1]
local RECORDS, FACET = TABLE, TABLE .. ':in:'
