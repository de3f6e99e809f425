-- Records and the facets they stand in. Needs prelude.lua and clock.lua.
local SIZES, SIZES_ASN = TABLE .. ':sizes', TABLE .. ':sizes:asn'
local KNOWN, INFLIGHT, DELETED = TABLE .. ':known', TABLE .. ':inflight', TABLE .. ':deleted'
local LISTED, EXPIRING = TABLE .. ':listed', TABLE .. ':expiring'
local CHECKS = TABLE .. ':checks'
local LANES = {
  new = TABLE .. ':due:new', alive = TABLE .. ':due:alive', failed = TABLE .. ':due:failed',
}
local BY_SCORE, BY_LATENCY = TABLE .. ':by:score', TABLE .. ':by:latency'

-- The order in which a person reads a record; cjson alone would shuffle it. The first nine are the
-- reference's. Each stands with what it is where nothing is known.
local FIELDS = {
  {'proxy', ''}, {'https', false}, {'fail_count', 0}, {'region', ''}, {'anonymous', ''},
  {'source', ''}, {'check_count', 0}, {'last_status', true}, {'last_time', ''},
  {'protocols', 'list'}, {'exit_ip', ''}, {'asn', 0}, {'as_name', ''}, {'latency_ms', 0},
  {'connect_ms', 0}, {'score', 0}, {'success_rate', 0}, {'first_seen', ''}, {'last_seen', ''},
  {'https_reason', ''}, {'last_reason', ''}, {'failures', 'object'}, {'targets', 'object'},
  {'expires', 0}, {'private', false},
}
for index, field in ipairs(FIELDS) do
  field[3] = (index > 1 and ',"' or '"') .. field[1] .. '":'
end

-- The first success is not yet a rate.
local FIRST_SUCCESS_RATE = 0.7

-- Names of what was stored but could not be read, for the caller's log.
local damaged = {}

local NEEDS_ESCAPES = '[%c"\\\127-\255]'

-- As cjson writes the value. A call of cjson costs several times as much as these.
local function encode_value(value)
  local kind = type(value)
  if kind == 'string' and not string.find(value, NEEDS_ESCAPES) then
    return '"' .. value .. '"'
  elseif kind == 'boolean' then
    return tostring(value)
  elseif kind == 'number' and value % 1 == 0 and math.abs(value) < 1e14 then
    return string.format('%d', value)
  end
  return cjson.encode(value)
end

-- Most values stand in many records of a batch: each is encoded once.
local encoded = {}

local function encode(record)
  local parts = {}
  for index, field in ipairs(FIELDS) do
    local value = record[field[1]]
    local text = encoded[value]
    if not text then
      if type(value) ~= 'table' then
        text = encode_value(value)
        encoded[value] = text
      elseif next(value) == nil then
        text = field[2] == 'list' and '[]' or '{}' -- cjson takes any empty table for an object
      else
        text = cjson.encode(value)
      end
    end
    parts[2 * index - 1], parts[2 * index] = field[3], text
  end
  return '{' .. table.concat(parts) .. '}'
end

-- The decoded object, or nil where the text is none.
local function decode(text)
  local right, value = pcall(cjson.decode, text)
  if right and type(value) == 'table' then
    return value
  end
  return nil
end

-- Has the record have every field; nil where it is damaged: one is of another type.
local function complete(record)
  for _, field in ipairs(FIELDS) do
    local name, default = field[1], field[2]
    local value = record[name]
    if default == 'list' or default == 'object' then
      if value == nil then
        record[name] = {}
      elseif type(value) ~= 'table' then
        return nil
      end
    elseif value == nil then
      record[name] = default
    elseif type(value) ~= type(default) then
      return nil
    end
  end
  for _, protocol in ipairs(record.protocols) do
    if type(protocol) ~= 'string' then
      return nil
    end
  end
  for _, result in pairs(record.targets) do
    if type(result) ~= 'table' then
      return nil
    end
  end
  return record
end

local function blank(proxy)
  local record = {protocols = {}, failures = {}, targets = {}}
  for _, field in ipairs(FIELDS) do
    if field[2] ~= 'list' and field[2] ~= 'object' then
      record[field[1]] = field[2]
    end
  end
  record.proxy = proxy
  return record
end

-- The record as a table, or nil where it is damaged.
local function read_record(proxy, text)
  local record = decode(text)
  if not record or record.proxy ~= proxy then
    return nil
  end
  if record.protocols == nil then
    -- One of the earlier layout was good when it carried a plain request; nothing else is known.
    record.protocols, record.success_rate = {'http'}, FIRST_SUCCESS_RATE
    record.first_seen, record.last_seen = record.last_time, record.last_time
  end
  return complete(record)
end

local function names_in(sources)
  return string.gmatch(sources, '[^/]+')
end

local function lists(sources, name)
  return string.find('/' .. sources .. '/', '/' .. name .. '/', 1, true) ~= nil
end

-- Every facet that the record stands in, but for `all`, which is the order by score itself.
local function facets_of(record)
  local names, speaks = {}, {}
  for _, protocol in ipairs(record.protocols) do
    speaks[protocol] = true
    names[#names + 1] = protocol
  end
  local web = speaks.http or speaks.connect
  if web then
    names[#names + 1] = 'web'
  end
  if record.https then
    names[#names + 1] = 'https'
    if speaks.connect then
      names[#names + 1] = 'https:connect'
    end
  end
  if record.private then
    names[#names + 1] = 'private'
  end
  if record.anonymous ~= '' then
    names[#names + 1] = 'anonymity:' .. record.anonymous
  end
  if record.region ~= '' then
    names[#names + 1] = 'country:' .. record.region
  end
  if record.asn > 0 then
    names[#names + 1] = 'asn:' .. string.format('%d', record.asn)
  end
  for name in names_in(record.source) do
    names[#names + 1] = 'source:' .. name
    if not web then
      -- Few are: so /count/ learns a source's part of the web facet at little cost.
      names[#names + 1] = 'not_web:source:' .. name
    end
  end
  for name, result in pairs(record.targets) do
    if result.works then
      names[#names + 1] = 'target:' .. name
    end
  end
  return names
end

local function resize(facet, by)
  local sizes = string.sub(facet, 1, 4) == 'asn:' and SIZES_ASN or SIZES
  if redis.call('HINCRBY', sizes, facet, by) <= 0 then
    redis.call('HDEL', sizes, facet)
  end
end

local function quit(facet, proxy)
  if redis.call('SREM', FACET .. facet, proxy) == 1 then
    resize(facet, -1)
  end
end

local function gather(into, name, value)
  local list = into[name] or {}
  list[#list + 1] = value
  into[name] = list
end

-- Puts records into the pool, or in the places of those that stood in their `old_facets`; no proxy
-- twice. `changes`: {record, old_facets} each, nil for a new one's. Facets that one stays in are not
-- touched: most checks change nothing but the two orders. A command for all costs hardly more than
-- one for each.
local function keep_all(changes)
  if #changes == 0 then
    return
  end
  local texts, scores, latencies, entered, quitted = {}, {}, {}, {}, {}
  local proxies = {}
  for index, change in ipairs(changes) do
    proxies[index] = change[1].proxy
  end
  local stand = redis.call('ZMSCORE', BY_SCORE, unpack(proxies))
  for index, change in ipairs(changes) do
    local record, stood_in, stands_in = change[1], {}, {}
    local proxy = record.proxy
    texts[#texts + 1], texts[#texts + 2] = proxy, encode(record)
    scores[#scores + 1], scores[#scores + 2] = record.score, proxy
    latencies[#latencies + 1], latencies[#latencies + 2] = record.latency_ms, proxy
    -- A record of the earlier layout stands nowhere, whatever it says.
    for _, facet in ipairs(stand[index] and change[2] or {}) do
      stood_in[facet] = true
    end
    for _, facet in ipairs(facets_of(record)) do
      stands_in[facet] = true
      if not stood_in[facet] then
        gather(entered, facet, proxy)
      end
    end
    for facet in pairs(stood_in) do
      if not stands_in[facet] then
        gather(quitted, facet, proxy)
      end
    end
  end
  redis.call('HSET', RECORDS, unpack(texts))
  redis.call('ZADD', BY_LATENCY, unpack(latencies))
  local added = redis.call('ZADD', BY_SCORE, unpack(scores))
  if added > 0 then
    resize('all', added)
  end
  for facet, ones in pairs(entered) do
    local count = redis.call('SADD', FACET .. facet, unpack(ones))
    if count > 0 then
      resize(facet, count)
    end
  end
  for facet, ones in pairs(quitted) do
    local count = redis.call('SREM', FACET .. facet, unpack(ones))
    if count > 0 then
      resize(facet, -count)
    end
  end
end

local function keep(record, old_facets)
  keep_all({{record, old_facets}})
end

local function take_out(proxy, facets)
  redis.call('HDEL', RECORDS, proxy)
  if redis.call('ZREM', BY_SCORE, proxy) == 1 then
    resize('all', -1)
  end
  redis.call('ZREM', BY_LATENCY, proxy)
  for _, facet in ipairs(facets) do
    quit(facet, proxy)
  end
end

-- Takes out a proxy whose record is gone or cannot be read: it may stand in any facet.
local function purge(proxy)
  local facets = redis.call('HKEYS', SIZES)
  for _, facet in ipairs(redis.call('HKEYS', SIZES_ASN)) do
    facets[#facets + 1] = facet
  end
  take_out(proxy, facets)
end

-- The proxy's record from its text, or nil where there is none. A damaged one is dropped.
local function sound_record(proxy, text)
  if not text then
    return nil
  end
  local record = read_record(proxy, text)
  if not record then
    damaged[#damaged + 1] = proxy
    redis.call('HINCRBY', CHECKS, 'damaged', 1)
    purge(proxy)
  end
  return record
end

local function record_of(proxy)
  return sound_record(proxy, redis.call('HGET', RECORDS, proxy))
end

-- Takes a proxy out of the pool; returns its record as text, or false where it was not in it.
local function drop(proxy)
  local text = redis.call('HGET', RECORDS, proxy)
  if not text then
    return false
  end
  local record = read_record(proxy, text)
  if record then
    take_out(proxy, facets_of(record))
  else
    damaged[#damaged + 1] = proxy
    purge(proxy)
  end
  return text
end

local function count_listed(sources, by)
  for name in names_in(sources) do
    if redis.call('HINCRBY', LISTED, name, by) <= 0 then
      redis.call('HDEL', LISTED, name)
    end
  end
end

local function write_entry(proxy, entry)
  redis.call('HSET', KNOWN, proxy, cjson.encode(entry))
end

-- What is kept of a known proxy, or nil where it cannot be read.
local function read_entry(proxy, text)
  local entry = text and decode(text)
  if not entry or type(entry.sources) ~= 'string' or not LANES[entry.lane] then
    return nil
  end
  local is_earlier = entry.hint == nil
  entry.fails, entry.listed = tonumber(entry.fails) or 0, tonumber(entry.listed) or now
  entry.first = tonumber(entry.first) or entry.listed
  entry.hint, entry.spoken = entry.hint or '', entry.spoken or ''
  entry.full, entry.expires = tonumber(entry.full) or 0, tonumber(entry.expires) or 0
  entry.alive = tonumber(entry.alive) or now
  entry.private = entry.private or false
  entry.targets = type(entry.targets) == 'table' and entry.targets or {}
  if is_earlier then
    -- The earlier layout did not count what each source lists: it is done when it is first read.
    count_listed(entry.sources, 1)
    write_entry(proxy, entry)
  end
  return entry
end

local function entry_of(proxy)
  return read_entry(proxy, redis.call('HGET', KNOWN, proxy))
end

-- Has proxies checked: {proxy, lane, delay in ms} each, in that lane and no other; no proxy twice.
local function plan_all(plans)
  local due, elsewhere = {}, {}
  for _, one in ipairs(plans) do
    local proxy, lane, delay_ms = unpack(one)
    gather(due, lane, now + math.floor(delay_ms))
    gather(due, lane, proxy)
    for name in pairs(LANES) do
      if name ~= lane then
        gather(elsewhere, name, proxy)
      end
    end
  end
  for lane, pairs_ in pairs(due) do
    redis.call('ZADD', LANES[lane], unpack(pairs_))
  end
  for lane, proxies in pairs(elsewhere) do
    redis.call('ZREM', LANES[lane], unpack(proxies))
  end
end

local function plan(proxy, lane, delay_ms)
  plan_all({{proxy, lane, delay_ms}})
end

-- Leaves no trace of the proxy: a verdict on it that is still under way will find no claim.
local function forget(proxy)
  local entry = entry_of(proxy)
  if entry then
    count_listed(entry.sources, -1)
  end
  redis.call('HDEL', KNOWN, proxy)
  redis.call('HDEL', INFLIGHT, proxy)
  redis.call('ZREM', EXPIRING, proxy)
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
