-- A random good proxy's record, or false. ARGV: facet.
local proxy = redis.call('SRANDMEMBER', facet(ARGV[1]))
return proxy and redis.call('HGET', RECORDS, proxy)
