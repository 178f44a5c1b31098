-- heed: a session looks what it is ordered to do. An order that is over goes, and so does one that it has answered.
-- KEYS: 1 meta of the fleet (hash) 2 orders:<session> (hash)
-- ARGV: 1 session
-- Answers {'ok', and for each order: nonce, ms within which it must be begun, the order's line}.
-- Run twice: the same orders stand there until they are answered (obeyed.lua), or over.
local LONGEST = 1800000
local orders = redis.call('HGETALL', KEYS[2])
local answer = {'ok'}
for i = 1, #orders, 2 do
  local nonce, line = orders[i], orders[i + 1]
  local left = math.min(LONGEST, number_field(' ' .. line, 'until', 0) - now)
  if left <= 0 or redis.call('HEXISTS', base .. 'obeyed:' .. nonce, ARGV[1]) == 1 then
    redis.call('HDEL', KEYS[2], nonce)
  else
    answer[#answer + 1] = nonce
    answer[#answer + 1] = string.format('%.0f', left)
    answer[#answer + 1] = line
  end
end
return answer
