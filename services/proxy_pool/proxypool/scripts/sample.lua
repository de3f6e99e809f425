-- Adds a sample to the history, unless another scheduler has just added one.
-- ARGV: least ms between two samples. Returns 1 where one was added.
-- Samples of the last day are kept as they are, older ones one for each quarter of an hour, and
-- none for longer than a week.
local RECENT, OLD = TABLE .. ':history', TABLE .. ':history:old'
local DAY_S, WEEK_S, QUARTER_S = 86400, 604800, 900
local now_s = math.floor(now / 1000)

local function newest(key)
  local last = redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')
  return tonumber(last[2]) or 0
end

-- A scheduler's own clock ticks a little unevenly: a tenth early is not twice.
if now_s - newest(RECENT) < tonumber(ARGV[1]) / 1000 * 0.9 then
  return 0
end
local function size(facet)
  return redis.call('SCARD', FACET .. facet)
end
local sample = {
  time = now_s, good = redis.call('ZCARD', TABLE .. ':by:score'), https = size('https'),
  known = redis.call('HLEN', TABLE .. ':known'), protocols = {}, anonymity = {},
}
for _, protocol in ipairs({'http', 'connect', 'socks4', 'socks4a', 'socks5'}) do
  sample.protocols[protocol] = size(protocol)
end
for _, level in ipairs({'transparent', 'anonymous', 'elite'}) do
  sample.anonymity[level] = size('anonymity:' .. level)
end
redis.call('ZADD', RECENT, now_s, cjson.encode(sample))

local aged = redis.call('ZRANGE', RECENT, '-inf', now_s - DAY_S, 'BYSCORE', 'LIMIT', 0, 100,
  'WITHSCORES')
for index = 1, #aged, 2 do
  local time = tonumber(aged[index + 1])
  if time - newest(OLD) >= QUARTER_S then
    redis.call('ZADD', OLD, time, aged[index])
  end
  redis.call('ZREM', RECENT, aged[index])
end
redis.call('ZREMRANGEBYSCORE', OLD, '-inf', now_s - WEEK_S)
return 1
