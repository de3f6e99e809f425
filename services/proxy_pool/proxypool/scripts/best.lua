-- The best good proxy's record; false: there is none; 1: it is not among the best of the smallest
-- condition, the caller is to look further. ARGV: query.
local query = read_query(ARGV[1])
local best, best_score, unseen = nil, -1, -1
for _, facet in ipairs(query.clauses[1].facets) do
  local ranked = redis.call('ZRANGE', facet.key, 0, 199, 'REV', 'WITHSCORES')
  local found = false
  for index = 1, #ranked, 2 do
    local score = tonumber(ranked[index + 1])
    if is_meant(query, ranked[index], score) then
      found = true
      if score > best_score then
        best, best_score = ranked[index], score
      end
      break
    end
  end
  if not found and facet.size > 200 then
    unseen = math.max(unseen, tonumber(ranked[#ranked]))
  end
end
if unseen > best_score then
  return 1
end
return best and (redis.call('HGET', RECORDS, best) or 1)
