-- cancel: queued, parked, scheduled or under review -> cancelled; a held job's session is told to end it, and settles it as
-- cancelled; should that session die first, the job ends when it would go back.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 cancels (hash)
-- ARGV: 1 id  2 who asks
-- Answers {'ok', 'cancelled', ''}, {'ok', 'asked', session}, {'ok', 'dead', ''} or {'ok', 'unknown', ''}: it is over,
--       or never was.
-- Run twice: the session is told again; what has ended stays so.
-- The first write only frees memory: a full Redis lets the ones after it pass.
local id = ARGV[1]
local record = redis.call('HGET', KEYS[2], id)
if not record then return {'ok', 'unknown', ''} end
local place, detail = place_of(id, record)
if place == 'dead' then return {'ok', 'dead', ''} end
if place == 'held' then
  redis.call('HDEL', KEYS[3], id)
  redis.call('HSET', KEYS[3], id, detail)
  redis.call('HSET', KEYS[2], id, marked(with_field(record, 'cancel', ARGV[2])))
  redis.call('PUBLISH', base .. 'wake:' .. detail, 'cancel ' .. id)
  return {'ok', 'asked', detail}
end
take_from(place, detail, id, record)
finish(id, record, 'cancelled', ' ms=0 by=' .. ARGV[2], '')
return {'ok', 'cancelled', ''}
