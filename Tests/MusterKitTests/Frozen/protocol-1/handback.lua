-- handback: held -> queued, unharmed, for every job that a session holds but does not know or want; at the
-- session's end for all of them. No attempt is burnt. One that somebody asked to cancel ends here instead.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 sessions (zset) 4 idle (zset) 5 held:<session> (set)
--       6 suspects (hash) 7 calls (hash) 8 timeline (hash)
-- ARGV: 1 session  2 'stay', or 'leave' where the session ends here  3 the session's calls so far
--       then the ids it keeps
-- Answers {'ok', how many were handed back} or {'late'}: the session has called again since; nothing was done.
-- Run twice: the second run finds nothing to hand back.
local jobs, sessions, idle, held = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local keep = {}
for i = 4, #ARGV do keep[ARGV[i]] = true end
redis.call('ZREM', idle, ARGV[1])
if redis.call('ZSCORE', sessions, ARGV[1]) and is_late(KEYS[7], ARGV[1], ARGV[3]) then return {'late'} end
local count, woken = 0, {}
for _, id in ipairs(redis.call('SMEMBERS', held)) do
  if not keep[id] then
    redis.call('SREM', held, id)
    local record = redis.call('HGET', jobs, id)
    -- What a session still holds at its end had begun: the timeline says why it begins again.
    if record and ARGV[2] == 'leave' then
      record = remember(KEYS[8], id, record, 'n=' .. (number_field(head_of(record), 'attempts', 0) + 1) .. ' by='
        .. ARGV[1] .. ' ended=' .. nowText .. ' outcome=handed-back error=stopped')
      redis.call('HSET', jobs, id, record)
    end
    local lane = record and give_back('LPUSH', id, record, ARGV[1])
    if lane then
      woken[lane] = (woken[lane] or 0) + 1
      count = count + 1
    end
  end
end
if ARGV[2] == 'leave' then
  redis.call('ZREM', sessions, ARGV[1])
  redis.call('HDEL', KEYS[6], ARGV[1])
  redis.call('HDEL', KEYS[7], ARGV[1])
end
for lane, jobs_back in pairs(woken) do wake(idle, lane, math.min(jobs_back, 8)) end
return {'ok', count}
