-- fleet: a session says what it is and does; the roll call reads it.
-- KEYS: 1 meta of the fleet (hash) 2 sessions (zset: session -> last beat) 3 session:<session> (hash)
--       4 queues (set)
-- ARGV: 1 session  2 days after which a silent session is forgotten, in ms  3 ms since it last claimed, or ''
--       4 n: names of its queues, then those  then its fields as name, value...
-- Answers {'ok', now in ms}.
-- Run twice: the same is said again.
-- The first write only frees memory: a full Redis lets the ones after it pass.
local session, forget = ARGV[1], tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - forget)
redis.call('ZADD', KEYS[2], now, session)
local queues = tonumber(ARGV[4])
for i = 5, 4 + queues do redis.call('SADD', KEYS[4], ARGV[i]) end
local fields = {'beatAt', nowText}
if ARGV[3] ~= '' then
  fields[#fields + 1] = 'lastClaimAt'
  fields[#fields + 1] = string.format('%.0f', now - tonumber(ARGV[3]))
end
for i = 5 + queues, #ARGV do fields[#fields + 1] = ARGV[i] end
redis.call('HSETNX', KEYS[3], 'startedAt', nowText)
redis.call('HSET', KEYS[3], unpack(fields))
redis.call('PEXPIRE', KEYS[3], forget)
return {'ok', now}
