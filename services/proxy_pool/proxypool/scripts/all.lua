-- Records of one facet. ARGV: facet, most of them (0: all).
local limit = tonumber(ARGV[2])
if ARGV[1] ~= 'https' then
  if limit == 0 then
    return redis.call('HVALS', RECORDS)
  end
  local pairs_of = redis.call('HRANDFIELD', RECORDS, limit, 'WITHVALUES')
  local records = {}
  for index = 2, #pairs_of, 2 do
    records[#records + 1] = pairs_of[index]
  end
  return records
end
local proxies = limit == 0 and redis.call('SMEMBERS', HTTPS)
  or redis.call('SRANDMEMBER', HTTPS, limit)
local records = {}
for _, proxy in ipairs(proxies) do
  records[#records + 1] = redis.call('HGET', RECORDS, proxy)
end
return records
