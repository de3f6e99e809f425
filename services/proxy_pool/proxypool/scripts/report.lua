-- Takes what clients say of proxies. ARGV: rules as JSON, the time as people read it, then JSON of
-- {proxy, ok, latency_ms, reason, target, source}. One that is not in the pool is left alone.
-- Returns 1 or 0 of each: whether it was in the pool.
local REPORTS, TARGETS = TABLE .. ':reports', TABLE .. ':targets'
local moment = ARGV[2]
local was_there = {}

-- Whether the report is about a target of the pool's.
local function of_target(record, report)
  if report.target == '' or redis.call('HEXISTS', TARGETS, report.target) == 0 then
    return false
  end
  record.targets[report.target] = {
    works = report.ok, latency_ms = report.latency_ms, checked = moment, reason = report.reason,
  }
  return true
end

local function take(report)
  local proxy = report.proxy
  local record = record_of(proxy)
  local entry = record and entry_of(proxy)
  if not entry then
    return 0
  end
  redis.call('HINCRBY', REPORTS, report.source .. (report.ok and ' ok' or ' failed'), 1)
  local old_facets = facets_of(record)
  -- What fails at one target may be that target's doing: it is no longer used there, and the pool's
  -- own check says what it is worth elsewhere.
  if not of_target(record, report) or report.ok then
    weigh(record, report.ok)
  end
  if report.ok and report.latency_ms > 0 then
    local memory = rules.score_memory
    record.latency_ms = rounded(record.latency_ms * (1 - memory) + report.latency_ms * memory, 0)
  end
  if not report.ok then
    record.last_reason = report.reason
  end
  rate(record, entry)
  if is_spent(record) then
    take_out(proxy, old_facets)
    entry.lane, entry.reason, entry.targets = 'failed', report.reason, {}
    write_entry(proxy, entry)
    plan(proxy, 'failed', rules.retry_ms)
    return 1
  end
  keep(record, old_facets)
  if not report.ok and redis.call('HEXISTS', INFLIGHT, proxy) == 0 then
    -- The pool's own check has the last word, and soon.
    redis.call('ZADD', LANES.alive, 'XX', 'LT', now + rules.retry_ms, proxy)
  end
  return 1
end

for index = 3, #ARGV do
  was_there[#was_there + 1] = take(cjson.decode(ARGV[index]))
end
return {was_there, damaged}
