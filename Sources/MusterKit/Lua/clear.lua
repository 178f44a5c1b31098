-- clear: queued or scheduled -> nothing, a chunk at a time; for a queue that somebody wants empty. What is held,
-- under review or dead stays.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 lanes (zset) 4 scheduled (zset) 5 parked (zset)
-- ARGV: 1 the most jobs to take
-- Answers {'ok', how many went}; 0 when nothing is left.
-- Run twice: it goes on where it was.
local limit, count = tonumber(ARGV[1]), 0
local function drop(id)
  local record = redis.call('HGET', KEYS[2], id)
  forget_dead(id)
  if record and is_marked(record) then let_go(id, head_of(record), 'cancelled', '') end
  count = count + 1
end
local function empty(list, index, name)
  for _, id in ipairs(redis.call('LPOP', list, math.max(1, limit - count)) or {}) do drop(id) end
  if redis.call('EXISTS', list) == 0 then redis.call('ZREM', index, name) end
end
for _, lane in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  if count < limit then empty(base .. 'lane:' .. lane, KEYS[3], lane) end
end
for _, key in ipairs(redis.call('ZRANGE', KEYS[5], 0, -1)) do
  if count < limit then empty(base .. 'parked:' .. key, KEYS[5], key) end
end
if count < limit then
  for _, id in ipairs(redis.call('ZRANGE', KEYS[4], 0, limit - count - 1)) do
    redis.call('ZREM', KEYS[4], id)
    drop(id)
  end
end
return {'ok', count}
