-- A random good proxy's record, better ones likelier; false: there is none; 1: the tries found
-- none, the caller is to look further. ARGV: query, random seed.
local proxy, certain = pick(read_query(ARGV[1]), tonumber(ARGV[2]))
if not proxy then
  return not certain and 1
end
return redis.call('HGET', RECORDS, proxy) or 1
