-- Takes verdicts. ARGV: rules as JSON, consumer group, the time as people read it, then verdicts as
-- JSON, without what stands in UNSAID. A verdict counts only while its claim stands: a deleted proxy stays deleted, and of two
-- checkers that hold the same work the first one's word is taken.
-- Returns how many were good, failed, refused, postponed, stale, and damaged ones.
local WORK, TARGETS = TABLE .. ':work', TABLE .. ':targets'
local REASONS, HTTPS_REASONS = TABLE .. ':reasons', TABLE .. ':https_reasons'
local group, moment = ARGV[2], ARGV[3]
-- As verdict.py has it by default.
local UNSAID = {
  reason = '', protocols = {}, tried = {}, https = false, https_reason = '', https_checked = true,
  anonymous = '', exit_ip = '', region = '', asn = 0, as_name = '', latency_ms = 0, connect_ms = 0,
  failures = {}, targets = {}, at_once = false, full = false,
}
local AS_SAID = {__index = UNSAID}
local counts = {good = 0, failed = 0, refused = 0, postponed = 0, stale = 0}
local reasons, https_reasons = {}, {}
-- What is written once all are read: a command for all costs hardly more than one for each.
local ended, known, plans, changes = {}, {}, {}, {}

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

local function good(record, entry, verdict)
  local old_facets
  if record then
    old_facets = facets_of(record)
    weigh(record, true)
  else
    record = blank(verdict.proxy)
    record.success_rate, record.first_seen = FIRST_SUCCESS_RATE, moment
    entry.alive = now
  end
  entry.lane, entry.fails, entry.reason = 'alive', 0, ''
  record.protocols = spoken_after(record.protocols, verdict)
  record.failures = failures_after(record.failures, verdict)
  if verdict.https_checked then
    record.https, record.https_reason = verdict.https, verdict.https_reason
    if verdict.https_reason ~= '' then
      local reason = verdict.https_reason
      https_reasons[reason] = (https_reasons[reason] or 0) + 1
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
  changes[#changes + 1] = {record, old_facets}
  return rules.recheck_ms
end

local function bad(record, entry, verdict)
  entry.reason = verdict.reason
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
      changes[#changes + 1] = {record, old_facets}
      return rules.retry_ms
    end
    take_out(verdict.proxy, old_facets)
    entry.targets = {}
  end
  entry.lane, entry.fails = 'failed', entry.fails + 1
  return negative_delay(entry.fails)
end

local verdicts, proxies, ids = {}, {}, {}
for index = 4, #ARGV do
  local verdict = setmetatable(cjson.decode(ARGV[index]), AS_SAID)
  verdicts[#verdicts + 1] = verdict
  proxies[#proxies + 1], ids[#ids + 1] = verdict.proxy, verdict.id
end
redis.call('XACK', WORK, group, unpack(ids))
redis.call('XDEL', WORK, unpack(ids))
local claims = redis.call('HMGET', INFLIGHT, unpack(proxies))
local entries = redis.call('HMGET', KNOWN, unpack(proxies))
local records = redis.call('HMGET', RECORDS, unpack(proxies))

for index, verdict in ipairs(verdicts) do
  local proxy = verdict.proxy
  local claimed = claims[index] == verdict.id and not ended[proxy]
  local entry = claimed and read_entry(proxy, entries[index])
  if not entry then
    counts.stale = counts.stale + 1
  else
    ended[proxy] = true
    local outcome = verdict.outcome
    -- What broke TLS is not good before TLS has passed through it: while no judge with TLS is up,
    -- nobody has looked.
    if outcome == 'good' and entry.reason == 'tls_broken' and not verdict.https_checked then
      outcome = 'postponed'
    end
    counts[outcome] = counts[outcome] + 1
    if verdict.reason ~= '' then
      reasons[verdict.reason] = (reasons[verdict.reason] or 0) + 1
    end
    local delay_ms
    if outcome == 'postponed' then
      delay_ms = verdict.at_once and 0 or rules.retry_ms
    else
      if verdict.full then
        entry.full = now
      end
      local record = sound_record(proxy, records[index])
      delay_ms = outcome == 'good' and good(record, entry, verdict)
        or bad(record, entry, verdict)
    end
    if entry.lane == 'failed' and now - entry.listed > rules.forget_ms then
      forget(proxy)
    else
      known[#known + 1], known[#known + 2] = proxy, cjson.encode(entry)
      plans[#plans + 1] = {proxy, entry.lane, delay_ms * verdict.spread}
    end
  end
end

local function count_all(key, numbers)
  for name, number in pairs(numbers) do
    if number > 0 then
      redis.call('HINCRBY', key, name, number)
    end
  end
end

count_all(CHECKS, counts)
count_all(REASONS, reasons)
count_all(HTTPS_REASONS, https_reasons)
local done = {}
for proxy in pairs(ended) do
  done[#done + 1] = proxy
end
if #done > 0 then
  redis.call('HDEL', INFLIGHT, unpack(done))
end
if #known > 0 then
  redis.call('HSET', KNOWN, unpack(known))
end
plan_all(plans)
keep_all(changes)
trim(8 * #changes)
return {
  counts.good, counts.failed, counts.refused, counts.postponed, counts.stale, damaged,
}
