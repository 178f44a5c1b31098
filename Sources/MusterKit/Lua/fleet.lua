-- fleet: a session says what it is and does; the roll call reads it.
-- KEYS: 1 meta of the fleet (hash) 2 sessions (zset: session -> last beat) 3 session:<session> (hash)
--       4 queues (set)
-- ARGV: 1 session  2 days after which a silent session is forgotten, in ms  3 ms since it last claimed, or ''
--       4 its host  5 its build's stamp  6 jobs that it ran to success, so far
--       7 n: names of its queues, then those  then its fields as name, value..., or those that are new
-- Answers {'ok', now in ms, the rules for builds: number, floor, producers, stale-settles, ramp, how many orders wait for
--         this session, how many fields it did not have}.
-- Run twice: the same is said again.
-- The first write only frees memory: a full Redis lets the ones after it pass.
local session, forget = ARGV[1], tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - forget)
redis.call('ZADD', KEYS[2], now, session)
redis.call('HSETNX', meta, 'began', nowText)
local queues = tonumber(ARGV[7])
local fields = {'beatAt', nowText}
if ARGV[3] ~= '' then
  fields[#fields + 1] = 'lastClaimAt'
  fields[#fields + 1] = string.format('%.0f', now - tonumber(ARGV[3]))
end
for i = 8 + queues, #ARGV do fields[#fields + 1] = ARGV[i] end
local added = redis.call('HSET', KEYS[3], unpack(fields))
if added > 0 then
  redis.call('HSETNX', KEYS[3], 'startedAt', nowText)
  for i = 8, 7 + queues do redis.call('SADD', KEYS[4], ARGV[i]) end
end
redis.call('PEXPIRE', KEYS[3], forget)

-- Where the operator has said so, the floor follows a build that has proven itself for so long. One with changes that
-- no commit has, and one that was taken back, never raise it.
local stamp = ARGV[5]
local last = note_release(stamp, 'worker', ARGV[4])
-- A build that was away, and comes back, has to prove itself anew.
if last and now - last > 120000 then redis.call('HDEL', base .. 'release:' .. stamp, 'firstSuccessAt') end
if tonumber(ARGV[6]) > 0 then
  local key = base .. 'release:' .. stamp
  redis.call('HSETNX', key, 'firstSuccessAt', nowText)
  local patience = redis.call('HGET', meta, 'auto-floor')
  local build = tonumber(string.match(stamp, '^(%d+)') or 0)
  if patience and build > floor and not string.find(stamp, '.dirty', 1, true) then
    local facts = redis.call('HMGET', key, 'firstSuccessAt', 'takenBackAt')
    local trial = ramp_sequence and tonumber(ramp_sequence) == build
    if not facts[2] and not trial and now - tonumber(facts[1]) >= tonumber(patience) then
      set_rules({'floor', tostring(string.match(stamp, '^%d+')), 'floor-build', stamp, 'floor-set', nowText .. ' auto'})
    end
  end
end
return {'ok', now, release_rules(), redis.call('HLEN', base .. 'orders:' .. session), added}
