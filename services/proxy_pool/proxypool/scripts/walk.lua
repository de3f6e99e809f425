-- One bounded piece of a walk along an order, past those that do not stand in a facet.
-- ARGV: facet, the order's name, rank to begin with, how many to look at, 1 to go downwards.
-- Returns the proxies that stand in the facet, and how many were looked at.
local key, first = TABLE .. ':by:' .. ARGV[2], tonumber(ARGV[3])
local last = first + tonumber(ARGV[4]) - 1
local ranked = redis.call(ARGV[5] == '1' and 'ZREVRANGE' or 'ZRANGE', key, first, last)
local found = {}
for _, proxy in ipairs(ranked) do
  if redis.call('SISMEMBER', FACET .. ARGV[1], proxy) == 1 then
    found[#found + 1] = proxy
  end
end
return {found, #ranked}
