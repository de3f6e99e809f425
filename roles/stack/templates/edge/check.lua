-- /check/ as JSON: the caller's address and the headers of its request, as they came.
--
-- HAProxy keeps header names in lower case, so they are read from the bytes that arrived
-- (sess.head, captured before the connection was taken as HTTP). Where a head did not arrive in
-- one buffer, the headers are HAProxy's own view of them, in the same order.

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

-- Pairs of name and value from the lines of a head; a request line has no pair and is left out.
-- Field syntax: RFC 9112, section 5.
local function pairs_of(head)
  local found = {}
  for line in head:gmatch('([^\r\n]*)\r?\n') do
    if line == '' and #found > 0 then
      break
    end
    local name, value = line:match("^([%w!#$%%&'*+%-.^_`|~]+):[ \t]*(.-)[ \t]*$")
    if name then
      found[#found + 1] = { name, value }
    end
  end
  return found
end

local function answer_check(applet)
  local headers = pairs_of(applet:get_var('sess.head') or '')
  if #headers == 0 then
    headers = pairs_of(applet:get_var('txn.headers') or '')
  end
  for index, header in ipairs(headers) do
    headers[index] = '[' .. json_string(header[1]) .. ', ' .. json_string(header[2]) .. ']'
  end
  local body = '{"ip": ' .. json_string(applet:get_var('txn.caller'))
    .. ', "headers": [' .. table.concat(headers, ', ') .. ']}\n'

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
