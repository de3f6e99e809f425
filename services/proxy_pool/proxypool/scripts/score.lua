-- The score and what follows from it. Needs records.lua; `rules` is the object that rules.py gives.
local rules = cjson.decode(ARGV[1])

local function rounded(value, digits)
  local scale = 10 ^ digits
  return math.floor(value * scale + 0.5) / scale
end

-- Remembers one more success or failure, and how fast the proxy is by now.
local function weigh(record, succeeded)
  local memory = rules.score_memory
  local rate = record.success_rate * (1 - memory) + (succeeded and memory or 0)
  record.success_rate = rounded(rate, 4)
end

-- 0 to 100: the success rate, less for slow ones and for those that have not stood their first day.
local function rate(record, entry)
  local age = math.min(1, math.max(0, now - entry.alive) / 86400000)
  local speed = 1 / (1 + record.latency_ms / 1000)
  record.score = rounded(100 * record.success_rate * (0.7 + 0.2 * speed + 0.1 * age), 1)
end

local function is_spent(record)
  if record.score < rules.evict_below then
    return true
  end
  -- cjson gives an absent setting as null, which is not a number.
  return type(rules.max_fail_count) == 'number' and record.fail_count > rules.max_fail_count
end

local function negative_delay(fails)
  -- 2^30 intervals are beyond any longest one; a larger power would overflow.
  local delay = rules.negative_ms * 2 ^ math.min(math.max(fails - 1, 0), 30)
  return math.min(delay, rules.negative_max_ms)
end

-- Takes a good proxy out and has it wait like a dead one.
local function evict(proxy, entry, reason)
  drop(proxy)
  entry.lane, entry.reason, entry.targets = 'failed', reason, {}
end

-- Beyond the pool's size the worst go, at most `limit` of them in one script.
local function trim(limit)
  local beyond = redis.call('ZCARD', BY_SCORE) - rules.pool_size_max
  if beyond <= 0 then
    return 0
  end
  local worst = redis.call('ZRANGE', BY_SCORE, 0, math.min(beyond, limit) - 1)
  for _, proxy in ipairs(worst) do
    local entry = entry_of(proxy)
    if entry then
      evict(proxy, entry, 'pool_full')
      write_entry(proxy, entry)
      plan(proxy, 'failed', rules.negative_ms)
    elseif not drop(proxy) then
      purge(proxy)
    end
  end
  return #worst
end
