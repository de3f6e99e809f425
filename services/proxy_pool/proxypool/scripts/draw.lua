-- The record of the best of three random proxies of one facet: what most callers ask, in few steps.
-- ARGV: facet. Answers as get.lua does.
local drawn = redis.call('ZRANDMEMBER', FACET .. ARGV[1], -3, 'WITHSCORES')
if #drawn == 0 then
  return false
end
local best, best_score = drawn[1], tonumber(drawn[2])
for index = 3, #drawn, 2 do
  local score = tonumber(drawn[index + 1])
  if score > best_score then
    best, best_score = drawn[index], score
  end
end
local expiry = redis.call('ZSCORE', TABLE .. ':expiring', best)
if expiry then
  local clock = redis.call('TIME')
  if tonumber(expiry) <= clock[1] * 1000 then
    return 1
  end
end
return redis.call('HGET', RECORDS, best) or 1
