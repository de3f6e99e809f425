-- One piece of taking over records of an earlier layout. ARGV: rules as JSON, cursor, about how
-- many to look at. Returns the next cursor, how many records were completed, and damaged ones.
-- A record that was good under the earlier layout carried plain requests, and nothing else is
-- known of it: it stays in the pool, and its next check is a full one.
local page = redis.call('HSCAN', RECORDS, ARGV[2], 'COUNT', ARGV[3])
local completed = 0
for index = 1, #page[2], 2 do
  local proxy = page[2][index]
  local record = record_of(proxy)
  if record and not redis.call('ZSCORE', BY_SCORE, proxy) then
    local entry = entry_of(proxy)
    if not entry then
      entry = {
        sources = record.source, lane = 'alive', fails = 0, reason = '', listed = now, first = now,
        hint = '', spoken = 'http', full = 0, alive = now, private = false, expires = 0,
        targets = {},
      }
      write_entry(proxy, entry)
      count_listed(record.source, 1)
      plan(proxy, 'alive', 0)
    end
    rate(record, entry)
    keep(record, {})
    completed = completed + 1
  end
end
return {page[1], completed, damaged}
