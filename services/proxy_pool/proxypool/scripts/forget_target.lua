-- Has proxies not stand for a target any more. ARGV: its name, most of one call.
-- Returns how many it was taken from, and damaged ones. Records where it did not work lose it with
-- their next check.
local name = ARGV[1]
local facet = 'target:' .. name
local proxies = redis.call('SRANDMEMBER', FACET .. facet, ARGV[2])
for _, proxy in ipairs(proxies) do
  local record = record_of(proxy)
  if record then
    local old_facets = facets_of(record)
    record.targets[name] = nil
    keep(record, old_facets)
  end
  quit(facet, proxy) -- also where its record is gone
end
return {#proxies, damaged}
