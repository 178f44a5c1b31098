-- maintain: scheduled -> queued for what is due; held -> queued (or dead) for what died with its session.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 lanes (zset) 4 sessions (zset) 5 idle (zset) 6 scheduled (zset)
--       7 dead (zset) 8 timeline (hash)
-- ARGV: 1 sequence of the caller's build  2 'reap' where the caller has been connected for a whole lease
--       3 the most jobs to move  4 crashes after which a job is dead
-- Answers {'ok', jobs made ready, jobs taken from the dead, sessions reaped, ms until the next is due or -1}
--       or {'stale', floor}: an older build than the floor maintains nothing.
-- Run twice: what was moved is no longer there to move.
local jobs, lanes, sessions, idle = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local scheduled, dead, timeline = KEYS[6], KEYS[7], KEYS[8]
if tonumber(ARGV[1]) < floor then return {'stale', rules[3]} end
local limit, crash_limit = tonumber(ARGV[3]), tonumber(ARGV[4])

local woken = {}
local due = redis.call('ZRANGEBYSCORE', scheduled, '-inf', now, 'LIMIT', 0, limit)
for _, id in ipairs(due) do
  local record = redis.call('HGET', jobs, id)
  redis.call('ZREM', scheduled, id)
  local lane = record and make_ready('RPUSH', lanes, id, record)
  if lane then woken[lane] = (woken[lane] or 0) + 1 end
end

local reaped, recovered = {}, 0
if ARGV[2] == 'reap' then
  for _, session in ipairs(redis.call('ZRANGEBYSCORE', sessions, '-inf', now, 'LIMIT', 0, 16)) do
    local held = base .. 'held:' .. session
    for _, id in ipairs(redis.call('SMEMBERS', held)) do
      if recovered == limit then break end
      redis.call('SREM', held, id)
      local record = redis.call('HGET', jobs, id)
      if record then
        local head = head_of(record)
        local crashes = number_field(head, 'crashes', 0) + 1
        record = remember(timeline, id, record, 'n=' .. (number_field(head, 'attempts', 0) + 1) .. ' by=' .. session
          .. ' ended=' .. nowText .. ' outcome=crashed error=lease-ended')
        record = with_field(record, 'crashes', crashes)
        redis.call('HSET', jobs, id, record)
        if crashes >= crash_limit then
          bury(jobs, dead, timeline, id)
        else
          local lane = make_ready('LPUSH', lanes, id, record)
          woken[lane] = (woken[lane] or 0) + 1
        end
        recovered = recovered + 1
      end
    end
    if redis.call('EXISTS', held) == 0 then
      redis.call('ZREM', sessions, session)
      redis.call('ZREM', idle, session)
      reaped[#reaped + 1] = session
    end
  end
end
for lane, count in pairs(woken) do wake(idle, lane, math.min(count, 8)) end
local next_due = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
return {'ok', #due, recovered, reaped, next_due[2] and math.max(0, tonumber(next_due[2]) - now) or -1}
