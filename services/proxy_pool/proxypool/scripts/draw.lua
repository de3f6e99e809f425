-- The record of the best of three random proxies of one facet: what most callers ask, in few steps.
-- ARGV: facet. Answers as get.lua does.
local BY_SCORE = TABLE .. ':by:score'
local drawn
if ARGV[1] == 'all' then
  drawn = redis.call('ZRANDMEMBER', BY_SCORE, -3)
else
  drawn = redis.call('SRANDMEMBER', FACET .. ARGV[1], -3)
end
if #drawn == 0 then
  return false
end
local best, best_score = drawn[1], -1
for _, proxy in ipairs(drawn) do
  local score = tonumber(redis.call('ZSCORE', BY_SCORE, proxy)) or -1
  if score > best_score then
    best, best_score = proxy, score
  end
end
local expiry = redis.call('ZSCORE', TABLE .. ':expiring', best)
if expiry and tonumber(expiry) <= redis.call('TIME')[1] * 1000 then
  return 1
end
return redis.call('HGET', RECORDS, best) or 1
