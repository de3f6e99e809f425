-- Takes verdicts. ARGV: consumer group, the rules as JSON, then verdicts as JSON.
-- A verdict counts only while its claim stands: a deleted proxy stays deleted, and of two
-- checkers that hold the same work the first one's word is taken.
-- Returns how many were good, failed, refused, postponed, stale.
local group, rules = ARGV[1], cjson.decode(ARGV[2])
local counts = {good = 0, failed = 0, refused = 0, postponed = 0, stale = 0}

local function negative_delay(fails)
  -- 2^30 intervals are beyond any longest one; a larger power would overflow.
  local delay = rules.negative_ms * 2 ^ math.min(fails - 1, 30)
  return math.min(delay, rules.negative_max_ms)
end

local function good(entry, verdict)
  local text = redis.call('HGET', RECORDS, verdict.proxy)
  local before = text and cjson.decode(text) or {fail_count = 0, check_count = 0}
  entry.lane, entry.fails, entry.reason = 'alive', 0, ''
  keep({
    proxy = verdict.proxy,
    https = verdict.https,
    fail_count = math.max(before.fail_count - 1, 0),
    region = verdict.region,
    anonymous = verdict.anonymous,
    source = entry.sources,
    check_count = before.check_count + 1,
    last_status = true,
    last_time = verdict.last_time,
    exit_ip = verdict.exit_ip,
    latency_ms = verdict.latency_ms,
    connect_ms = verdict.connect_ms,
  })
  return rules.recheck_ms
end

local function bad(entry, verdict)
  entry.reason = verdict.reason
  local text = redis.call('HGET', RECORDS, verdict.proxy)
  if text then
    local record = cjson.decode(text)
    record.fail_count = record.fail_count + 1
    record.check_count = record.check_count + 1
    record.last_status = false
    record.last_time = verdict.last_time
    -- A refused one does harm (it shows who we are, or tampers): it is not given another chance.
    if verdict.outcome == 'failed' and record.fail_count <= rules.max_fail_count then
      keep(record)
      return rules.retry_ms
    end
    drop(verdict.proxy)
  end
  entry.lane, entry.fails = 'failed', entry.fails + 1
  return negative_delay(entry.fails)
end

for index = 3, #ARGV do
  local verdict = cjson.decode(ARGV[index])
  local proxy = verdict.proxy
  redis.call('XACK', WORK, group, verdict.id)
  redis.call('XDEL', WORK, verdict.id)
  local claimed = redis.call('HGET', INFLIGHT, proxy) == verdict.id
  local text = claimed and redis.call('HGET', KNOWN, proxy)
  if not text then
    counts.stale = counts.stale + 1
    redis.call('HINCRBY', CHECKS, 'stale', 1)
  else
    redis.call('HDEL', INFLIGHT, proxy)
    counts[verdict.outcome] = counts[verdict.outcome] + 1
    redis.call('HINCRBY', CHECKS, verdict.outcome, 1)
    if verdict.reason ~= '' then
      redis.call('HINCRBY', REASONS, verdict.reason, 1)
    end
    local entry = cjson.decode(text)
    local delay_ms
    if verdict.outcome == 'postponed' then
      delay_ms = verdict.at_once and 0 or rules.retry_ms
    elseif verdict.outcome == 'good' then
      delay_ms = good(entry, verdict)
    else
      delay_ms = bad(entry, verdict)
    end
    if entry.lane == 'failed' and now - entry.listed > rules.forget_ms then
      forget(proxy)
    else
      redis.call('HSET', KNOWN, proxy, cjson.encode(entry))
      plan(proxy, entry.lane, delay_ms * verdict.spread)
    end
  end
end
return {counts.good, counts.failed, counts.refused, counts.postponed, counts.stale}
