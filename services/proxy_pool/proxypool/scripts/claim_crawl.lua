-- Claims a source's crawl. ARGV: name, longest wait in ms, lease in ms.
-- Returns 0 where the caller is to crawl now, else the ms until it may ask again.
local due = tonumber(redis.call('HGET', NEXT_CRAWL, ARGV[1]) or 0)
-- A wait beyond the longest comes from before the source's interval was shortened.
if due > now and due - now <= tonumber(ARGV[2]) then
  return due - now
end
redis.call('HSET', NEXT_CRAWL, ARGV[1], now + tonumber(ARGV[3]))
return 0
