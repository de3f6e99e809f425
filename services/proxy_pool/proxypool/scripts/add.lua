-- Takes up candidates. ARGV: source's name, most that may be known, then proxies.
-- Returns how many were new, known, barred (deleted not long ago), and beyond the limit.
local source, max_known = ARGV[1], tonumber(ARGV[2])
local fresh, known, barred, beyond = 0, 0, 0, 0
for index = 3, #ARGV do
  local proxy = ARGV[index]
  local until_ms = redis.call('ZSCORE', DELETED, proxy)
  local text = redis.call('HGET', KNOWN, proxy)
  if until_ms and tonumber(until_ms) > now then
    barred = barred + 1
  elseif text then
    known = known + 1
    local entry = cjson.decode(text)
    entry.listed = now
    if not lists(entry.sources, source) then
      entry.sources = entry.sources .. '/' .. source
      local stored = redis.call('HGET', RECORDS, proxy)
      if stored then
        local record = cjson.decode(stored)
        record.source = entry.sources
        redis.call('HSET', RECORDS, proxy, encode(record))
        redis.call('HINCRBY', BY_SOURCE, source, 1)
      end
    end
    redis.call('HSET', KNOWN, proxy, cjson.encode(entry))
  elseif redis.call('HLEN', KNOWN) >= max_known then
    beyond = beyond + 1
  else
    fresh = fresh + 1
    local entry = {sources = source, lane = 'new', fails = 0, reason = '', listed = now, first = now}
    redis.call('HSET', KNOWN, proxy, cjson.encode(entry))
    plan(proxy, 'new', 0)
  end
end
return {fresh, known, barred, beyond}
