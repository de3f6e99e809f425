-- Takes a random good proxy out; returns its record, or false. ARGV: facet, ms it stays away.
local proxy = redis.call('SRANDMEMBER', facet(ARGV[1]))
if not proxy then
  return false
end
local text = drop(proxy)
forget(proxy)
bar(proxy, tonumber(ARGV[2]))
return text
