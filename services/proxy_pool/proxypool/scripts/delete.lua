-- Takes one proxy out, a candidate or one under check too. ARGV: proxy, ms it stays away.
-- Returns 1 where it was in the pool, else 0.
local proxy = ARGV[1]
local known = redis.call('HEXISTS', KNOWN, proxy) == 1
local text = drop(proxy)
if known or text then
  forget(proxy)
  bar(proxy, tonumber(ARGV[2]))
end
return text and 1 or 0
