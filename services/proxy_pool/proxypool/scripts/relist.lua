-- One piece of a look at every known proxy: entries of the earlier layout are completed, what cannot
-- be read is dropped. ARGV: cursor, about how many to look at.
-- Returns the next cursor, and damaged ones.
local page = redis.call('HSCAN', KNOWN, ARGV[1], 'COUNT', ARGV[2])
for index = 1, #page[2], 2 do
  local proxy = page[2][index]
  if not entry_of(proxy) then
    damaged[#damaged + 1] = proxy
    drop(proxy)
    forget(proxy)
  end
end
return {page[1], damaged}
