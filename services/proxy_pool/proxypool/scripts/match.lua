-- Which proxies a query means. Needs prelude.lua and clock.lua.
-- A query is {any = {{facet, …}, …}, none = {facet, …}, latency = most ms, score = least,
-- exclude = {proxy, …}}: of each list in `any` the proxy stands in one facet at least, and in none
-- of `none`.
local EXPIRING = TABLE .. ':expiring'
local LATENCY = TABLE .. ':by:latency'

-- Reads a query; its clauses, the smallest first, each with its facets that are not empty.
local function read_query(text)
  local query = cjson.decode(text)
  query.clauses = {}
  for index, names in ipairs(query.any) do
    local clause = {size = 0, facets = {}}
    for _, name in ipairs(names) do
      local key = FACET .. name
      local size = redis.call('ZCARD', key)
      if size > 0 then
        clause.size = clause.size + size
        clause.facets[#clause.facets + 1] = {key = key, size = size}
      end
    end
    query.clauses[index] = clause
  end
  table.sort(query.clauses, function(one, other) return one.size < other.size end)
  query.excluded = {}
  for _, proxy in ipairs(query.exclude) do
    query.excluded[proxy] = true
  end
  return query
end

local function stands_in(clause, proxy)
  for _, facet in ipairs(clause.facets) do
    if redis.call('ZSCORE', facet.key, proxy) then
      return true
    end
  end
  return false
end

-- Whether `proxy`, which stands in the first clause's facets, is meant.
local function is_meant(query, proxy, score)
  if query.excluded[proxy] or (query.score > 0 and score < query.score) then
    return false
  end
  for index = 2, #query.clauses do
    if not stands_in(query.clauses[index], proxy) then
      return false
    end
  end
  for _, name in ipairs(query.none) do
    if redis.call('ZSCORE', FACET .. name, proxy) then
      return false
    end
  end
  if query.latency > 0 then
    local latency = tonumber(redis.call('ZSCORE', LATENCY, proxy))
    if not latency or latency > query.latency then
      return false
    end
  end
  -- Its expiry has come, and the scheduler's sweep has not yet.
  local expiry = redis.call('ZSCORE', EXPIRING, proxy)
  return not expiry or tonumber(expiry) > now
end

local _TRIES = 48
local _EXACTLY = 500

-- One of the facets, the larger the likelier.
local function any_facet(clause)
  local at = math.random() * clause.size
  for _, facet in ipairs(clause.facets) do
    at = at - facet.size
    if at < 0 then
      return facet.key
    end
  end
  return clause.facets[#clause.facets].key
end

-- The best of three random proxies that are meant, or nil; and whether nil says that there is none.
-- ARGV's random seed comes from the caller: Redis begins each script with the same one.
local function pick(query, seed)
  local clause = query.clauses[1]
  if clause.size == 0 then
    return nil, true
  end
  math.randomseed(seed)
  local best, best_score, hits = nil, -1, 0
  local function consider(proxy, text)
    local score = tonumber(text)
    if is_meant(query, proxy, score) then
      hits = hits + 1
      if score > best_score then
        best, best_score = proxy, score
      end
    end
  end
  local tries = 0
  while hits < 3 and tries < _TRIES do
    local drawn = redis.call('ZRANDMEMBER', any_facet(clause), -3, 'WITHSCORES')
    for index = 1, #drawn, 2 do
      consider(drawn[index], drawn[index + 1])
    end
    tries = tries + 3
    if hits == 0 and tries >= 12 and clause.size <= _EXACTLY then
      break
    end
  end
  if best or clause.size > _EXACTLY then
    return best, false
  end
  -- Few enough to look at each. Not the first ones in order, which would always be the same.
  for _, facet in ipairs(clause.facets) do
    local drawn = redis.call('ZRANDMEMBER', facet.key, facet.size, 'WITHSCORES')
    for index = 1, #drawn, 2 do
      consider(drawn[index], drawn[index + 1])
      if hits == 3 then
        return best, true
      end
    end
  end
  return best, true
end
