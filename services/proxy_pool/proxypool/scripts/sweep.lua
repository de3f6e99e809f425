-- Drops what has expired and what is beyond the pool's size. ARGV: rules as JSON, most of one call.
-- Returns how many expired, how many were beyond the size, how many were let in again, and damaged
-- ones.
local limit = tonumber(ARGV[2])
local expired = redis.call('ZRANGEBYSCORE', EXPIRING, '-inf', now, 'LIMIT', 0, limit)
for _, proxy in ipairs(expired) do
  drop(proxy)
  forget(proxy)
end
local over = redis.call('ZRANGEBYSCORE', DELETED, '-inf', now, 'LIMIT', 0, limit)
if #over > 0 then
  redis.call('ZREM', DELETED, unpack(over))
end
return {#expired, trim(limit), #over, damaged}
