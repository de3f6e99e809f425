-- One bounded piece of a full look through one facet. ARGV: query, facet, cursor in it, about how
-- many to look at, and the record's field that they are to be ordered by. Returns the next cursor,
-- and of each proxy that is meant its name and the field's value as text.
-- Without a facet: the names of those that together hold all that are meant, as few as possible.
local query = read_query(ARGV[1])
local facet, field = ARGV[2], ARGV[5]
if facet == '' then
  local names = {}
  for index, one in ipairs(query.clauses[1].facets) do
    names[index] = one.name
  end
  return names
end
local found = {}

local function value_of(proxy, score)
  if field == 'score' then
    return tostring(score)
  elseif field == 'latency_ms' then
    return redis.call('ZSCORE', BY_LATENCY, proxy) or '0'
  end
  -- Decoding whole records would hold Redis up five times as long.
  local record = redis.call('HGET', RECORDS, proxy) or ''
  return string.match(record, '"' .. field .. '":"?([^",]*)') or ''
end

local is_all = facet == 'all'
local page = redis.call(is_all and 'ZSCAN' or 'SSCAN', is_all and BY_SCORE or FACET .. facet, ARGV[3],
  'COUNT', ARGV[4])
for index = 1, #page[2], is_all and 2 or 1 do
  local proxy = page[2][index]
  local score = score_of(proxy)
  -- Meanwhile another condition may have become the smallest: all of them are looked at.
  if stands_in(query.clauses[1], proxy) and is_meant(query, proxy, score) then
    found[#found + 1] = proxy
    found[#found + 1] = value_of(proxy, score)
  end
end
return {page[1], found}
