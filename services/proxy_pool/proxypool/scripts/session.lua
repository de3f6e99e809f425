-- The upstream that a gateway's session has. ARGV: the session, an upstream for it where it has
-- none, one that it is not to have any more, for how long it keeps it from now on (ms), the most
-- sessions that are kept.
local SESSIONS, ENDS = TABLE .. ':sessions', TABLE .. ':sessions:ends'
local session, proposal, dead = ARGV[1], ARGV[2], ARGV[3]

local function forget(ended)
  for _, one in ipairs(ended) do
    redis.call('HDEL', SESSIONS, one)
    redis.call('ZREM', ENDS, one)
  end
end

forget(redis.call('ZRANGEBYSCORE', ENDS, '-inf', now, 'LIMIT', 0, 100))
local upstream = redis.call('HGET', SESSIONS, session)
if not upstream or upstream == dead then
  upstream = proposal
  redis.call('HSET', SESSIONS, session, upstream)
end
redis.call('ZADD', ENDS, now + tonumber(ARGV[4]), session)
if redis.call('ZCARD', ENDS) > tonumber(ARGV[5]) then
  forget(redis.call('ZRANGE', ENDS, 0, 0))
end
return upstream
