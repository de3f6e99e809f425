-- Takes a random good proxy out; answers as get.lua does.
-- ARGV: query, random seed, ms it stays away, then proxies that were found to be meant: the first
-- of them that is still there is taken.
local query = read_query(ARGV[1])
local proxy, certain
if #ARGV > 3 then
  certain = true
  for index = 4, #ARGV do
    local one = ARGV[index]
    if stands_in(query.clauses[1], one) and is_meant(query, one, score_of(one)) then
      proxy = one
      break
    end
  end
else
  proxy, certain = pick(query, tonumber(ARGV[2]))
end
if not proxy then
  return not certain and 1
end
local text = drop(proxy)
if not text then
  purge(proxy)
  return 1
end
forget(proxy)
bar(proxy, tonumber(ARGV[3]))
return text
