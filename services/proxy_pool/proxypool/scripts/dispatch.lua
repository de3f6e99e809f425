-- Hands out due checks. ARGV: rules as JSON, most that may be under way, lease in ms, most of this
-- call, ms between two full checks, and the shares of the lanes alive, new and failed.
-- Returns how many of each were handed out, how many were due, and damaged ones.
local WORK, TARGETS = TABLE .. ':work', TABLE .. ':targets'
local room = tonumber(ARGV[2]) - redis.call('XLEN', WORK)
local lease_ms, full_ms = tonumber(ARGV[3]), tonumber(ARGV[5])
local batch = math.min(room, tonumber(ARGV[4]))
local order = {'alive', 'new', 'failed'}
local handed = {alive = 0, new = 0, failed = 0}
local looked_at = 0

local targets = {}
local stored = redis.call('HGETALL', TARGETS)
for index = 1, #stored, 2 do
  local target = decode(stored[index + 1]) or {}
  local since, interval_s = tonumber(target.since), tonumber(target.interval_s)
  if since and interval_s then
    targets[#targets + 1] = {name = stored[index], since = since, interval_ms = interval_s * 1000}
  end
end

local function targets_due(entry)
  local names = {}
  for _, target in ipairs(targets) do
    local checked = tonumber(entry.targets[target.name])
    if not checked or checked < target.since or now - checked >= target.interval_ms then
      names[#names + 1] = target.name
    end
  end
  return table.concat(names, ',')
end

local function hand_out(lane, limit)
  if limit <= 0 then
    return 0
  end
  local due = redis.call('ZRANGEBYSCORE', LANES[lane], '-inf', now, 'LIMIT', 0, limit)
  if #due == 0 then
    return 0
  end
  -- All stay due after the lease, so that work which was lost on the way is handed out again.
  local leases, claimed = {}, {}
  for _, proxy in ipairs(due) do
    leases[#leases + 1], leases[#leases + 2] = now + lease_ms, proxy
  end
  redis.call('ZADD', LANES[lane], unpack(leases))
  local claims = redis.call('HMGET', INFLIGHT, unpack(due))
  local entries = redis.call('HMGET', KNOWN, unpack(due))
  for index, proxy in ipairs(due) do
    local claim = claims[index]
    if not claim or #redis.call('XRANGE', WORK, claim, claim) == 0 then
      local entry = read_entry(proxy, entries[index])
      if entry then
        local hint = entry.spoken ~= '' and entry.spoken or entry.hint
        -- A new one is asked for what it is said to speak; whatever else it speaks is found out
        -- once it has proved to be worth it, or where what was said proved wrong.
        local full = hint == '' or (lane ~= 'new' and now - entry.full >= full_ms)
        local work = {'proxy', proxy, 'lane', lane, 'hint', hint}
        if not full then
          work[#work + 1], work[#work + 2] = 'full', '0'
        end
        local names = targets_due(entry)
        if names ~= '' then
          work[#work + 1], work[#work + 2] = 'targets', names
        end
        local id = redis.call('XADD', WORK, '*', unpack(work))
        claimed[#claimed + 1], claimed[#claimed + 2] = proxy, id
      else
        damaged[#damaged + 1] = proxy
        redis.call('HINCRBY', CHECKS, 'damaged', 1)
        drop(proxy)
        forget(proxy)
      end
    end
  end
  if #claimed > 0 then
    redis.call('HSET', INFLIGHT, unpack(claimed))
  end
  handed[lane] = handed[lane] + #claimed / 2
  looked_at = looked_at + #due
  return #due
end

local left = batch
for index, lane in ipairs(order) do
  left = left - hand_out(lane, math.min(left, math.ceil(batch * tonumber(ARGV[5 + index]))))
end
-- What one lane leaves free, the others use.
for _, lane in ipairs(order) do
  left = left - hand_out(lane, left)
end
return {handed.alive, handed.new, handed.failed, looked_at, damaged}
