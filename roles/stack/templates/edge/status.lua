-- /status/edge.json: for each service behind the edge how many of its containers are up, of how many
-- there are. For everybody to read: no addresses, nothing of callers.

-- A slot that no container has (a name leads to fewer addresses than there are slots), or one that
-- the container of an earlier release has, which only ends what it has begun.
local function is_empty(state)
  return state:find('resolution', 1, true) ~= nil or state:sub(1, 5) == 'DRAIN'
end

local function answer_status(applet)
  local services = {}
  for name, backend in pairs(core.backends) do
    local slots, up, of = 0, 0, 0
    for _, server in pairs(backend.servers) do
      local state = server:get_stats().status
      slots = slots + 1
      if not is_empty(state) then
        of = of + 1
        up = up + (state:sub(1, 2) == 'UP' and 1 or 0)
      end
    end
    -- One without any counts callers, and is no service.
    if slots > 0 then
      services[#services + 1] = string.format('"%s": {"up": %d, "of": %d}', name, up, of)
    end
  end
  table.sort(services)
  local body = '{"services": {' .. table.concat(services, ', ') .. '}}\n'

  applet:set_status(200)
  applet:add_header('content-type', 'application/json')
  applet:add_header('cache-control', 'no-store')
  applet:add_header('x-content-type-options', 'nosniff')
  applet:add_header('content-length', tostring(#body))
  applet:add_header('x-request-id', applet:get_var('txn.request_id'))
  applet:start_response()
  if applet.method ~= 'HEAD' then
    applet:send(body)
  end
end

core.register_service('status', 'http', answer_status)
