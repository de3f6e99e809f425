-- Records a crawl and plans the next. ARGV: name, statistics as JSON, ms until the next, 1 where it
-- succeeded: such a source may be crawled sooner when the pool runs dry.
redis.call('HSET', TABLE .. ':crawls', ARGV[1], ARGV[2])
redis.call('HSET', TABLE .. ':next_crawl', ARGV[1], now + math.floor(tonumber(ARGV[3])))
if ARGV[4] == '1' then
  redis.call('HSET', TABLE .. ':crawled', ARGV[1], now)
else
  redis.call('HDEL', TABLE .. ':crawled', ARGV[1])
end
return 1
