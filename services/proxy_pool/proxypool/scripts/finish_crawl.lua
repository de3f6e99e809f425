-- Records a crawl and plans the next. ARGV: name, statistics as JSON, ms until the next.
redis.call('HSET', CRAWLS, ARGV[1], ARGV[2])
redis.call('HSET', NEXT_CRAWL, ARGV[1], now + math.floor(tonumber(ARGV[3])))
return 1
