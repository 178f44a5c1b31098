-- beat: a session begins, or stays alive.
-- KEYS: 1 meta (hash) 2 sessions (zset) 3 held:<session> (set) 4 cancels (hash)
-- ARGV: 1 session  2 lease in ms  3 'join' to begin, 'renew' to go on
-- Answers {'ok', how many jobs it holds, ids of those to cancel, now in ms, for how many ms nobody has looked after the
--       queue or -1 where that is not known} or {'lost'}: it was reaped, and must begin anew as another session.
-- Run twice: the lease is simply set again.
-- The first write only frees memory: a full Redis lets the ones after it pass, so its workers stay alive.
local sessions, held = KEYS[2], KEYS[3]
if redis.call('ZREM', sessions, ARGV[1]) == 0 and ARGV[3] ~= 'join' then
  list_if_holding(sessions, held, ARGV[1])
  return {'lost'}
end
redis.call('ZADD', sessions, now + tonumber(ARGV[2]), ARGV[1])
local count, to_cancel = redis.call('SCARD', held), {}
if count > 0 and redis.call('HLEN', KEYS[4]) > 0 then
  for _, id in ipairs(redis.call('SMEMBERS', held)) do
    if redis.call('HEXISTS', KEYS[4], id) == 1 then to_cancel[#to_cancel + 1] = id end
  end
end
return {'ok', count, to_cancel, now, unattended()}
