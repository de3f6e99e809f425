-- Forgets consumers without work. ARGV: group, one consumer's name or '' for all, least silence in
-- ms. One that holds work is never forgotten: its work could not be taken over any more.
local WORK = TABLE .. ':work'
if redis.call('EXISTS', WORK) == 0 then
  return 0
end
local buried = 0
for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', WORK, ARGV[1])) do
  local consumer = {}
  for index = 1, #flat, 2 do
    consumer[flat[index]] = flat[index + 1]
  end
  local meant = ARGV[2] == '' or ARGV[2] == consumer.name
  if meant and consumer.pending == 0 and consumer.idle >= tonumber(ARGV[3]) then
    redis.call('XGROUP', 'DELCONSUMER', WORK, ARGV[1], consumer.name)
    buried = buried + 1
  end
end
return buried
