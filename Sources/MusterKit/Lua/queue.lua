-- queue: how much lies where in one queue. Reads only.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 lanes (zset) 4 sessions (zset) 5 scheduled (zset) 6 dead (zset)
--       7 refusals (hash) 8 parked (zset) 9 review (zset)
-- Answers {'ok', now in ms, jobs, scheduled, dead, held, lanes as {name, count, enqueued at in ms or ''}...,
--       counters of meta as {name, value...}, refusals as {name, entry...}, jobs parked by a limit key,
--       jobs under review}.
local lanes = {}
for _, lane in ipairs(redis.call('ZRANGE', KEYS[3], 0, 499)) do
  local count = redis.call('LLEN', base .. 'lane:' .. lane)
  local first = redis.call('LINDEX', base .. 'lane:' .. lane, 0)
  local record = first and redis.call('HGET', KEYS[2], first)
  lanes[#lanes + 1] = {lane, count, record and field(head_of(record), 'at') or ''}
end
local held = 0
for _, session in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do
  held = held + redis.call('SCARD', base .. 'held:' .. session)
end
local parked = 0
for _, key in ipairs(redis.call('ZRANGE', KEYS[8], 0, 999)) do
  parked = parked + redis.call('LLEN', base .. 'parked:' .. key)
end
return {'ok', now, redis.call('HLEN', KEYS[2]), redis.call('ZCARD', KEYS[5]), redis.call('ZCARD', KEYS[6]), held,
  lanes, redis.call('HGETALL', meta), redis.call('HGETALL', KEYS[7]), parked,
  redis.call('ZCARD', KEYS[9])}
