-- Takes verdicts. ARGV: rules as JSON, consumer group, the time as people read it, then verdicts as
-- JSON. A verdict counts only while its claim stands: a deleted proxy stays deleted, and of two
-- checkers that hold the same work the first one's word is taken.
-- Returns how many were good, failed, refused, postponed, stale, and damaged ones.
local WORK, TARGETS = TABLE .. ':work', TABLE .. ':targets'
local REASONS, HTTPS_REASONS = TABLE .. ':reasons', TABLE .. ':https_reasons'
local group, moment = ARGV[2], ARGV[3]
local counts = {good = 0, failed = 0, refused = 0, postponed = 0, stale = 0}

local targets = {}
for _, name in ipairs(redis.call('HKEYS', TARGETS)) do
  targets[name] = true
end

local function set_of(list)
  local set = {}
  for _, value in ipairs(list) do
    set[value] = true
  end
  return set
end

local function filled(value, otherwise)
  if value ~= '' and value ~= 0 then
    return value
  end
  return otherwise
end

-- What the proxy speaks by now: a full check says all, a quick one of those that it tried.
local function spoken_after(before, verdict)
  if verdict.full then
    return verdict.protocols
  end
  local tried, carried = set_of(verdict.tried), set_of(verdict.protocols)
  local protocols = {}
  for _, protocol in ipairs(verdict.protocols) do
    protocols[#protocols + 1] = protocol
  end
  for _, protocol in ipairs(before) do
    if not tried[protocol] and not carried[protocol] then
      protocols[#protocols + 1] = protocol
    end
  end
  return protocols
end

local function failures_after(before, verdict)
  if verdict.full then
    return verdict.failures
  end
  for _, protocol in ipairs(verdict.tried) do
    before[protocol] = verdict.failures[protocol]
  end
  for protocol, reason in pairs(verdict.failures) do
    before[protocol] = reason
  end
  return before
end

local function targets_after(record, entry, verdict)
  for name in pairs(record.targets) do
    if not targets[name] then
      record.targets[name] = nil
    end
  end
  for name, result in pairs(verdict.targets) do
    if targets[name] then
      record.targets[name] = {
        works = result.works, latency_ms = result.latency_ms, checked = moment,
        reason = result.reason,
      }
      entry.targets[name] = now
    end
  end
end

local function good(entry, verdict)
  local proxy = verdict.proxy
  local record = record_of(proxy)
  local old_facets = {}
  if record then
    old_facets = facets_of(record)
    weigh(record, true)
  else
    record = blank(proxy)
    record.success_rate, record.first_seen = FIRST_SUCCESS_RATE, moment
    entry.alive = now
  end
  entry.lane, entry.fails, entry.reason = 'alive', 0, ''
  record.protocols = spoken_after(record.protocols, verdict)
  record.failures = failures_after(record.failures, verdict)
  if verdict.https_checked then
    record.https, record.https_reason = verdict.https, verdict.https_reason
    if verdict.https_reason ~= '' then
      redis.call('HINCRBY', HTTPS_REASONS, verdict.https_reason, 1)
    end
  end
  record.region = filled(verdict.region, record.region)
  record.anonymous = filled(verdict.anonymous, record.anonymous)
  record.exit_ip = filled(verdict.exit_ip, record.exit_ip)
  record.asn = filled(verdict.asn, record.asn)
  record.as_name = filled(verdict.as_name, record.as_name)
  record.latency_ms = filled(verdict.latency_ms, record.latency_ms)
  record.connect_ms = filled(verdict.connect_ms, record.connect_ms)
  record.fail_count, record.check_count = 0, record.check_count + 1
  record.last_status, record.last_time, record.last_seen = true, moment, moment
  record.source, record.private, record.expires = entry.sources, entry.private, entry.expires
  targets_after(record, entry, verdict)
  entry.spoken = table.concat(record.protocols, ',')
  rate(record, entry)
  keep(record, old_facets)
  return rules.recheck_ms
end

local function bad(entry, verdict)
  local proxy = verdict.proxy
  entry.reason = verdict.reason
  local record = record_of(proxy)
  if record then
    local old_facets = facets_of(record)
    record.fail_count = record.fail_count + 1
    record.check_count = record.check_count + 1
    record.last_status, record.last_time = false, moment
    record.last_reason = verdict.reason
    record.failures = failures_after(record.failures, verdict)
    weigh(record, false)
    rate(record, entry)
    -- A refused one does harm (it shows who we are, or tampers): it is not given another chance.
    if verdict.outcome == 'failed' and not is_spent(record) then
      keep(record, old_facets)
      return rules.retry_ms
    end
    take_out(proxy, old_facets)
    entry.targets = {}
  end
  entry.lane, entry.fails = 'failed', entry.fails + 1
  return negative_delay(entry.fails)
end

for index = 4, #ARGV do
  local verdict = cjson.decode(ARGV[index])
  local proxy = verdict.proxy
  redis.call('XACK', WORK, group, verdict.id)
  redis.call('XDEL', WORK, verdict.id)
  local claimed = redis.call('HGET', INFLIGHT, proxy) == verdict.id
  local entry = claimed and entry_of(proxy)
  if not entry then
    counts.stale = counts.stale + 1
    redis.call('HINCRBY', CHECKS, 'stale', 1)
  else
    redis.call('HDEL', INFLIGHT, proxy)
    counts[verdict.outcome] = counts[verdict.outcome] + 1
    redis.call('HINCRBY', CHECKS, verdict.outcome, 1)
    if verdict.reason ~= '' then
      redis.call('HINCRBY', REASONS, verdict.reason, 1)
    end
    local delay_ms
    if verdict.outcome == 'postponed' then
      delay_ms = verdict.at_once and 0 or rules.retry_ms
    else
      if verdict.full then
        entry.full = now
      end
      delay_ms = verdict.outcome == 'good' and good(entry, verdict) or bad(entry, verdict)
    end
    if entry.lane == 'failed' and now - entry.listed > rules.forget_ms then
      forget(proxy)
    else
      write_entry(proxy, entry)
      plan(proxy, entry.lane, delay_ms * verdict.spread)
      if entry.lane == 'alive' then
        trim(8)
      end
    end
  end
end
return {
  counts.good, counts.failed, counts.refused, counts.postponed, counts.stale, damaged,
}
