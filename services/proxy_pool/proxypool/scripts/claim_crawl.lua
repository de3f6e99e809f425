-- Claims a source's crawl. ARGV: name, longest wait in ms, lease in ms, least good proxies, least
-- ms between two crawls. Returns 0 where the caller is to crawl now, else the ms until it may ask
-- again.
local NEXT_CRAWL, CRAWLED = TABLE .. ':next_crawl', TABLE .. ':crawled'
local due = tonumber(redis.call('HGET', NEXT_CRAWL, ARGV[1]) or 0)
-- A wait beyond the longest comes from before the source's interval was shortened.
if due > now and due - now <= tonumber(ARGV[2]) then
  -- A pool that runs dry does not wait for a source that worked the last time.
  local last = tonumber(redis.call('HGET', CRAWLED, ARGV[1]))
  local dry = redis.call('ZCARD', TABLE .. ':by:score') < tonumber(ARGV[4])
  local again = last and last + tonumber(ARGV[5]) or due
  if not dry or again >= due then
    return due - now
  elseif again > now then
    return again - now
  end
end
redis.call('HSET', NEXT_CRAWL, ARGV[1], now + tonumber(ARGV[3]))
redis.call('HDEL', CRAWLED, ARGV[1])
return 0
