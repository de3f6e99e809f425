-- Stands before every script. All scripts take the same KEYS, in the order of store.py's KEYS.
local RECORDS, ALL, HTTPS, BY_SOURCE = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local KNOWN, INFLIGHT, DELETED, WORK = KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local LANES = {new = KEYS[9], alive = KEYS[10], failed = KEYS[11]}
local CHECKS, REASONS = KEYS[12], KEYS[13]
local CRAWLS, NEXT_CRAWL = KEYS[14], KEYS[15]

-- One clock for any number of hosts: Redis's own, in milliseconds.
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

-- The order in which a person reads a record; cjson alone would shuffle it.
local FIELDS = {
  'proxy', 'https', 'fail_count', 'region', 'anonymous', 'source', 'check_count', 'last_status',
  'last_time', 'exit_ip', 'latency_ms', 'connect_ms',
}

local function encode(record)
  local parts = {}
  for _, field in ipairs(FIELDS) do
    parts[#parts + 1] = '"' .. field .. '":' .. cjson.encode(record[field])
  end
  return '{' .. table.concat(parts, ',') .. '}'
end

local function names_in(sources)
  return string.gmatch(sources, '[^/]+')
end

local function lists(sources, name)
  return string.find('/' .. sources .. '/', '/' .. name .. '/', 1, true) ~= nil
end

-- Puts a record into the pool, or in the place of the one that was there.
local function keep(record)
  if redis.call('HSET', RECORDS, record.proxy, encode(record)) == 1 then
    for name in names_in(record.source) do
      redis.call('HINCRBY', BY_SOURCE, name, 1)
    end
  end
  redis.call('SADD', ALL, record.proxy)
  redis.call(record.https and 'SADD' or 'SREM', HTTPS, record.proxy)
end

-- Takes a proxy out of the pool; returns its record as text, or false where it was not in it.
local function drop(proxy)
  local text = redis.call('HGET', RECORDS, proxy)
  if not text then
    return false
  end
  redis.call('HDEL', RECORDS, proxy)
  redis.call('SREM', ALL, proxy)
  redis.call('SREM', HTTPS, proxy)
  for name in names_in(cjson.decode(text).source) do
    if redis.call('HINCRBY', BY_SOURCE, name, -1) <= 0 then
      redis.call('HDEL', BY_SOURCE, name)
    end
  end
  return text
end

-- Has the proxy checked in `delay_ms`, in the lane given and no other.
local function plan(proxy, lane, delay_ms)
  for name, key in pairs(LANES) do
    if name == lane then
      redis.call('ZADD', key, now + math.floor(delay_ms), proxy)
    else
      redis.call('ZREM', key, proxy)
    end
  end
end

-- Leaves no trace of the proxy: a verdict on it that is still under way will find no claim.
local function forget(proxy)
  redis.call('HDEL', KNOWN, proxy)
  redis.call('HDEL', INFLIGHT, proxy)
  for _, key in pairs(LANES) do
    redis.call('ZREM', key, proxy)
  end
end

-- Keeps the proxy from being taken up again for `duration_ms`.
local function bar(proxy, duration_ms)
  if duration_ms > 0 then
    redis.call('ZADD', DELETED, now + duration_ms, proxy)
  end
end

local function facet(name)
  return name == 'https' and HTTPS or ALL
end
