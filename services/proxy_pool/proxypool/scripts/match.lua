-- Which proxies a query means. Needs prelude.lua and clock.lua.
-- A query is {any = {{facet, …}, …}, none = {facet, …}, latency = most ms, score = least,
-- exclude = {proxy, …}}: of each list in `any` the proxy stands in one facet at least, and in none
-- of `none`.
local EXPIRING = TABLE .. ':expiring'
local BY_SCORE, BY_LATENCY = TABLE .. ':by:score', TABLE .. ':by:latency'

-- Reads a query; its clauses, the smallest first, each with its facets that are not empty.
local function read_query(text)
  local query = cjson.decode(text)
  query.clauses = {}
  for index, names in ipairs(query.any) do
    local clause = {size = 0, facets = {}}
    for _, name in ipairs(names) do
      -- Everyone stands in `all`: it is no set of its own, but the order by score.
      local is_all = name == 'all'
      local key = is_all and BY_SCORE or FACET .. name
      local size = redis.call(is_all and 'ZCARD' or 'SCARD', key)
      if size > 0 then
        clause.size = clause.size + size
        clause.facets[#clause.facets + 1] = {name = name, key = key, size = size, is_all = is_all}
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
    if facet.is_all or redis.call('SISMEMBER', facet.key, proxy) == 1 then
      return true
    end
  end
  return false
end

-- Whether `proxy`, which stands in the first clause's facets, is meant.
local function is_meant(query, proxy, score)
  if query.excluded[proxy] or not score or (query.score > 0 and score < query.score) then
    return false
  end
  for index = 2, #query.clauses do
    if not stands_in(query.clauses[index], proxy) then
      return false
    end
  end
  for _, name in ipairs(query.none) do
    if redis.call('SISMEMBER', FACET .. name, proxy) == 1 then
      return false
    end
  end
  if query.latency > 0 then
    local latency = tonumber(redis.call('ZSCORE', BY_LATENCY, proxy))
    if not latency or latency > query.latency then
      return false
    end
  end
  -- Its expiry has come, and the scheduler's sweep has not yet.
  local expiry = redis.call('ZSCORE', EXPIRING, proxy)
  return not expiry or tonumber(expiry) > now
end

local function score_of(proxy)
  return tonumber(redis.call('ZSCORE', BY_SCORE, proxy))
end

local _TRIES = 48
local _FEW = 500 -- can be looked at in one script

-- One of the facets, the larger the likelier.
local function any_facet(clause)
  local at = math.random() * clause.size
  for _, facet in ipairs(clause.facets) do
    at = at - facet.size
    if at < 0 then
      return facet
    end
  end
  return clause.facets[#clause.facets]
end

local function members(facet)
  if facet.is_all then
    return redis.call('ZRANGE', facet.key, 0, -1)
  end
  return redis.call('SMEMBERS', facet.key)
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
  local function consider(proxy)
    local score = score_of(proxy)
    if is_meant(query, proxy, score) then
      hits = hits + 1
      if score > best_score then
        best, best_score = proxy, score
      end
    end
  end
  local tries = 0
  while hits < 3 and tries < _TRIES do
    local facet = any_facet(clause)
    local draw = facet.is_all and 'ZRANDMEMBER' or 'SRANDMEMBER'
    for _, proxy in ipairs(redis.call(draw, facet.key, -3)) do
      consider(proxy)
    end
    tries = tries + 3
    if hits == 0 and tries >= 12 and clause.size <= _FEW then
      break
    end
  end
  if best or clause.size > _FEW then
    return best, false
  end
  -- Few enough to look at each, in an order that is another one each time.
  for _, facet in ipairs(clause.facets) do
    local proxies = members(facet)
    for last = #proxies, 1, -1 do
      local index = math.random(last)
      consider(proxies[index])
      if hits == 3 then
        return best, true
      end
      proxies[index] = proxies[last]
    end
  end
  return best, true
end
