-- Hands out due checks. ARGV: most that may be under way, lease in ms, most of this call, and the
-- shares of the lanes alive, new and failed. Returns how many of each were handed out.
local room = tonumber(ARGV[1]) - redis.call('XLEN', WORK)
local lease_ms = tonumber(ARGV[2])
local batch = math.min(room, tonumber(ARGV[3]))
local order = {'alive', 'new', 'failed'}
local handed = {alive = 0, new = 0, failed = 0}

local function hand_out(lane, limit)
  if limit <= 0 then
    return 0
  end
  local count = 0
  local due = redis.call('ZRANGEBYSCORE', LANES[lane], '-inf', now, 'LIMIT', 0, limit)
  for _, proxy in ipairs(due) do
    -- It stays due after the lease, so that work which was lost on the way is handed out again.
    redis.call('ZADD', LANES[lane], now + lease_ms, proxy)
    local claim = redis.call('HGET', INFLIGHT, proxy)
    if not claim or #redis.call('XRANGE', WORK, claim, claim) == 0 then
      local id = redis.call('XADD', WORK, '*', 'proxy', proxy, 'lane', lane)
      redis.call('HSET', INFLIGHT, proxy, id)
      count = count + 1
    end
  end
  handed[lane] = handed[lane] + count
  return #due
end

redis.call('ZREMRANGEBYSCORE', DELETED, '-inf', now)
local left = batch
for index, lane in ipairs(order) do
  left = left - hand_out(lane, math.min(left, math.ceil(batch * tonumber(ARGV[3 + index]))))
end
-- What one lane leaves free, the others use.
for _, lane in ipairs(order) do
  left = left - hand_out(lane, left)
end
return {handed.alive, handed.new, handed.failed}
