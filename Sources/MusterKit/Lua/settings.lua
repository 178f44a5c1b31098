-- settings: what a queue is told to do: pause or go on, limits, how long outcomes stay. They outlive every deploy.
-- KEYS: 1 meta (hash) 2 sessions (zset)
-- ARGV: pairs of name and value, '' to take it back: paused (any text), concurrency, rate (<count>/<ms>),
--       key-concurrency, key-rate (<count>/<ms>), retention (ms), outcome-bytes
-- Answers {'ok', name, value... as they are now}.
-- Run twice: the same stands there.
-- The first write only frees memory: a full Redis lets the ones after it pass, for who needs a pause may need it then.
if #ARGV > 0 then redis.call('HDEL', meta, 'none') end
for i = 1, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', meta, ARGV[i])
  elseif ARGV[i] ~= 'paused' then
    redis.call('HSET', meta, ARGV[i], ARGV[i + 1])
  else
    redis.call('HSETNX', meta, 'paused', nowText)
  end
  if ARGV[i] == 'rate' then redis.call('HDEL', meta, 'rate-next') end
end
-- Whoever kept away because of a setting looks again. Who only asks wakes nobody.
if #ARGV > 0 then
  for _, session in ipairs(redis.call('ZRANGE', KEYS[2], 0, 999)) do
    redis.call('PUBLISH', base .. 'wake:' .. session, '')
  end
end
local answer = {'ok'}
for _, name in ipairs({'paused', 'concurrency', 'rate', 'key-concurrency', 'key-rate', 'retention', 'outcome-bytes'}) do
  answer[#answer + 1] = name
  answer[#answer + 1] = redis.call('HGET', meta, name) or ''
end
return answer
