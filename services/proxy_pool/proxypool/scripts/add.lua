-- Takes up candidates. ARGV: source's name, most that may be known, 1 where the source is private,
-- then JSON: a list of [proxy, protocol it is said to speak or "", expiry in unix s or 0].
-- Returns how many were new, known, barred (deleted not long ago), beyond the limit, and expired.
local source, max_known, private = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
local fresh, known, barred, beyond, expired = 0, 0, 0, 0, 0

local function hinted(hint, protocol)
  if protocol == '' or string.find(',' .. hint .. ',', ',' .. protocol .. ',', 1, true) then
    return hint
  end
  return hint == '' and protocol or hint .. ',' .. protocol
end

-- A list of dead ones must not keep others out for good: what has failed so often gives way.
local GIVES_WAY_AFTER = 3

local function makes_room()
  -- Who waits longest has failed most.
  local last = redis.call('ZREVRANGE', LANES.failed, 0, 0)[1]
  local entry = last and entry_of(last)
  if not entry or entry.fails < GIVES_WAY_AFTER then
    return false
  end
  forget(last)
  return true
end

for _, candidate in ipairs(cjson.decode(ARGV[4])) do
  local proxy, protocol, expires = candidate[1], candidate[2], candidate[3]
  local until_ms = redis.call('ZSCORE', DELETED, proxy)
  local entry = entry_of(proxy)
  if until_ms and tonumber(until_ms) > now then
    barred = barred + 1
  elseif expires > 0 and expires * 1000 <= now then
    expired = expired + 1
  elseif entry then
    known = known + 1
    entry.listed = now
    entry.hint = hinted(entry.hint, protocol)
    local joins = not lists(entry.sources, source)
    local published = entry.private and not private
    local extended = expires > 0 and expires ~= entry.expires
    if joins then
      entry.sources = entry.sources .. '/' .. source
      count_listed(source, 1)
    end
    if published then
      entry.private = false
    end
    if extended then
      entry.expires = expires
      redis.call('ZADD', EXPIRING, expires * 1000, proxy)
    end
    if joins or published or extended then
      local record = record_of(proxy)
      if record then
        local old_facets = facets_of(record)
        record.source, record.private = entry.sources, entry.private
        record.expires = entry.expires
        keep(record, old_facets)
      end
    end
    write_entry(proxy, entry)
  elseif redis.call('HLEN', KNOWN) >= max_known and not makes_room() then
    beyond = beyond + 1
  else
    fresh = fresh + 1
    write_entry(proxy, {
      sources = source, lane = 'new', fails = 0, reason = '', listed = now, first = now,
      hint = protocol, spoken = '', full = 0, alive = 0, private = private, expires = expires,
      targets = {},
    })
    count_listed(source, 1)
    if expires > 0 then
      redis.call('ZADD', EXPIRING, expires * 1000, proxy)
    end
    plan(proxy, 'new', 0)
  end
end
return {fresh, known, barred, beyond, expired, damaged}
