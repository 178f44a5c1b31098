-- adopt: a queue takes over the fleet's rules for builds, unless it has newer ones.
-- KEYS: 1 meta (hash) 2 sessions (zset) 3 ramp (hash)
-- ARGV: 1 the rules' number  2 floor  3 producers  4 stale-settles  5 ramp; '' where there is none
-- Answers {'ok', 1 where they were new here, else 0, floor, ramp, ramp's counts as name, value...}.
-- Run twice: the second run finds that number.
-- The first write only frees memory: a full Redis lets the ones after it pass.
local is_new = tonumber(ARGV[1]) > tonumber(redis.call('HGET', meta, 'rules') or 0)
if is_new then
  if (redis.call('HGET', meta, 'ramp') or '') ~= ARGV[5] then redis.call('DEL', KEYS[3]) end
  redis.call('HDEL', meta, 'none')
  for i, name in ipairs({'rules', 'floor', 'producers', 'stale-settles', 'ramp'}) do
    if ARGV[i] == '' then redis.call('HDEL', meta, name) else redis.call('HSET', meta, name, ARGV[i]) end
  end
  -- Whoever may run more or less now looks again.
  for _, session in ipairs(redis.call('ZRANGE', KEYS[2], 0, 999)) do
    redis.call('PUBLISH', base .. 'wake:' .. session, '')
  end
end
local found = redis.call('HMGET', meta, 'floor', 'ramp')
return {'ok', is_new and 1 or 0, found[1] or '', found[2] or '', redis.call('HGETALL', KEYS[3])}
