-- The best good proxy's record; false: there is none; 1: it is not among the best of all, the
-- caller is to look further. ARGV: query.
local query = read_query(ARGV[1])
local clause = query.clauses[1]
local best, best_score = nil, -1
if clause.size <= _FEW then
  for _, facet in ipairs(clause.facets) do
    for _, proxy in ipairs(members(facet)) do
      local score = score_of(proxy)
      if score and score > best_score and is_meant(query, proxy, score) then
        best, best_score = proxy, score
      end
    end
  end
  return best and (redis.call('HGET', RECORDS, best) or 1)
end
for _, proxy in ipairs(redis.call('ZRANGE', BY_SCORE, 0, _FEW - 1, 'REV')) do
  if stands_in(clause, proxy) and is_meant(query, proxy, score_of(proxy)) then
    return redis.call('HGET', RECORDS, proxy) or 1
  end
end
return 1
