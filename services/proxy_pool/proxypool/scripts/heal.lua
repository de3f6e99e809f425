-- One piece of a look for proxies that stand in the pool without a record. ARGV: cursor, about how
-- many to look at. Returns the next cursor, and how many were taken out.
local page = redis.call('ZSCAN', BY_SCORE, ARGV[1], 'COUNT', ARGV[2])
local healed = 0
for index = 1, #page[2], 2 do
  if redis.call('HEXISTS', RECORDS, page[2][index]) == 0 then
    purge(page[2][index])
    healed = healed + 1
  end
end
return {page[1], healed}
