-- One bounded piece of a full look through the smallest condition's facets.
-- ARGV: query, number of the facet (from 1), cursor in it, about how many to look at, the order's
-- name. Returns the next facet's number (0: that was all), the next cursor, and of each proxy that
-- is meant its name and its value in the order.
local query = read_query(ARGV[1])
local number, order = tonumber(ARGV[2]), ARGV[5]
local facet = query.clauses[1].facets[number]
if not facet then
  return {0, '0', {}}
end
local page = redis.call('ZSCAN', facet.key, ARGV[3], 'COUNT', ARGV[4])
local found = {}
for index = 1, #page[2], 2 do
  local proxy, score = page[2][index], page[2][index + 1]
  if is_meant(query, proxy, tonumber(score)) then
    found[#found + 1] = proxy
    found[#found + 1] = order == 'score' and score
      or redis.call('ZSCORE', TABLE .. ':by:' .. order, proxy) or '0'
  end
end
if page[1] == '0' then
  number = number < #query.clauses[1].facets and number + 1 or 0
end
return {number, page[1], found}
