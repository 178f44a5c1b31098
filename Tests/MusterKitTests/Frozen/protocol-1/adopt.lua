-- adopt: a queue takes over the fleet's rules for builds, unless it has newer ones.
-- KEYS: 1 meta (hash) 2 sessions (zset) 3 ramp (hash)
-- ARGV: 1 the rules' number  2 floor  3 producers  4 stale-settles  5 ramp; '' where there is none
-- Answers {'ok', 1 where they were new here, else 0, the rules that hold here now: number, floor, producers,
--       stale-settles, ramp, ramp's counts as name, value...}.
-- Run twice: the second run finds that number.
-- The first write only frees memory: a full Redis lets the ones after it pass.
local names = {'rules', 'floor', 'producers', 'stale-settles', 'ramp'}
local is_new = tonumber(ARGV[1]) > tonumber(redis.call('HGET', meta, 'rules') or 0)
if is_new then
  redis.call('HDEL', meta, 'none')
  -- A trial that holds itself here goes on holding, unless it is begun once more.
  local is_other_trial = (redis.call('HGET', meta, 'ramp-rule') or '') ~= ARGV[5]
  if is_other_trial then redis.call('DEL', KEYS[3]) end
  for i = 1, is_other_trial and 5 or 4 do
    if ARGV[i] == '' then redis.call('HDEL', meta, names[i]) else redis.call('HSET', meta, names[i], ARGV[i]) end
  end
  if ARGV[5] == '' then redis.call('HDEL', meta, 'ramp-rule') else redis.call('HSET', meta, 'ramp-rule', ARGV[5]) end
  -- Whoever may run more or less now looks again.
  for _, session in ipairs(redis.call('ZRANGE', KEYS[2], 0, 999)) do
    redis.call('PUBLISH', base .. 'wake:' .. session, '')
  end
end
local found = redis.call('HMGET', meta, unpack(names))
found[5] = redis.call('HGET', meta, 'ramp-rule') or ''
for i = 1, 4 do found[i] = found[i] or '' end
return {'ok', is_new and 1 or 0, found, redis.call('HGETALL', KEYS[3])}
