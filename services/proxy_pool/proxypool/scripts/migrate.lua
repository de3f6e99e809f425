-- One piece of taking over records of an earlier layout. ARGV: rules as JSON, cursor, about how
-- many to look at. Returns the next cursor, how many records were completed, and damaged ones.
-- A record that was good under the earlier layout carried plain requests, and nothing else is
-- known of it: it stays in the pool, and its next check is a full one.
local page = redis.call('HSCAN', RECORDS, ARGV[2], 'COUNT', ARGV[3])
local completed = 0
for index = 1, #page[2], 2 do
  local proxy = page[2][index]
  local record = record_of(proxy)
  if record and not redis.call('ZSCORE', FACET .. 'all', proxy) then
    if #record.protocols == 0 then
      record.protocols = {'http'}
    end
    if record.first_seen == '' then
      record.first_seen, record.last_seen = record.last_time, record.last_time
    end
    if record.success_rate == 0 then
      record.success_rate = rules.first_success_rate
    end
    redis.call('ZADD', BY.first_seen, 'NX', now, proxy)
    redis.call('ZADD', BY.checked, 'NX', now, proxy)
    rate(record)
    keep(record, {})
    if not entry_of(proxy) then
      write_entry(proxy, {
        sources = record.source, lane = 'alive', fails = 0, reason = '', listed = now, first = now,
        hint = '', spoken = 'http', full = 0, private = false, expires = 0, targets = {},
      })
      plan(proxy, 'alive', 0)
    end
    completed = completed + 1
  end
end
return {page[1], completed, damaged}
