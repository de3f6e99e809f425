-- /check/ as JSON: the caller's address and the headers of its request, in their order. HAProxy
-- keeps the values as they came, and the names in lower case (they have none: RFC 9110, 5.1).

local named_escapes = {
  ['"'] = '\\"', ['\\'] = '\\\\', ['\b'] = '\\b', ['\f'] = '\\f',
  ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t',
}

-- RFC 8259. Bytes above ASCII are taken as ISO-8859-1: a header has no declared encoding.
local function json_string(text)
  local escaped = text:gsub('[%c"\\\127-\255]', function(byte)
    return named_escapes[byte] or string.format('\\u%04x', byte:byte())
  end)
  return '"' .. escaped .. '"'
end

-- The fetch req.hdrs gives one "name: value" a line.
local function headers_as_json(lines)
  local pairs_as_json = {}
  for name, value in lines:gmatch('([^:\r\n]+): ?([^\r\n]*)\r\n') do
    pairs_as_json[#pairs_as_json + 1] = '[' .. json_string(name) .. ', ' .. json_string(value) .. ']'
  end
  return '[' .. table.concat(pairs_as_json, ', ') .. ']'
end

local function answer_check(applet)
  local body = '{"ip": ' .. json_string(applet:get_var('txn.caller'))
    .. ', "headers": ' .. headers_as_json(applet:get_var('txn.headers')) .. '}\n'

  applet:set_status(200)
  applet:add_header('content-type', 'application/json')
  applet:add_header('cache-control', 'no-store')
  applet:add_header('content-length', tostring(#body))
  applet:add_header('x-request-id', applet:get_var('txn.request_id'))
  applet:start_response()
  if applet.method ~= 'HEAD' then
    applet:send(body)
  end
end

core.register_service('check', 'http', answer_check)
