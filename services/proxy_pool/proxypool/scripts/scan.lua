-- One bounded piece of a full look through the smallest condition's facets.
-- ARGV: query, number of the facet (from 1), cursor in it, about how many to look at, and the
-- record's field that they are to be ordered by. Returns the next facet's number (0: that was all),
-- the next cursor, and of each proxy that is meant its name and the field's value as text.
local query = read_query(ARGV[1])
local number, field = tonumber(ARGV[2]), ARGV[5]
local facet = query.clauses[1].facets[number]
if not facet then
  return {0, '0', {}}
end
local page = redis.call('ZSCAN', facet.key, ARGV[3], 'COUNT', ARGV[4])
local found = {}

local function value_of(proxy, score)
  if field == 'score' then
    return score
  elseif field == 'latency_ms' then
    return redis.call('ZSCORE', LATENCY, proxy) or '0'
  end
  -- Decoding whole records would hold Redis up five times as long.
  local record = redis.call('HGET', RECORDS, proxy) or ''
  return string.match(record, '"' .. field .. '":"?([^",]*)') or ''
end

for index = 1, #page[2], 2 do
  local proxy, score = page[2][index], page[2][index + 1]
  if is_meant(query, proxy, tonumber(score)) then
    found[#found + 1] = proxy
    found[#found + 1] = value_of(proxy, score)
  end
end
if page[1] == '0' then
  number = number < #query.clauses[1].facets and number + 1 or 0
end
return {number, page[1], found}
