-- One piece of counting what each source lists, once. ARGV: cursor, about how many to look at.
-- Returns the next cursor, and damaged ones.
local page = redis.call('HSCAN', KNOWN, ARGV[1], 'COUNT', ARGV[2])
for index = 1, #page[2], 2 do
  local proxy = page[2][index]
  local entry = entry_of(proxy)
  if not entry then
    damaged[#damaged + 1] = proxy
    drop(proxy)
    forget(proxy)
  elseif not decode(page[2][index + 1]).hint then
    -- An entry of the earlier layout has no hint; with one it has been counted.
    count_listed(entry.sources, 1)
    write_entry(proxy, entry)
  end
end
return {page[1], damaged}
