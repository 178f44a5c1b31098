-- maintain: scheduled -> queued for what is due; held -> queued (or dead) for what died with its session; the dead
-- of long ago -> nothing; parked -> queued where a limit has room again; the oldest outcomes -> nothing where Redis is
-- nearly full.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 lanes (zset) 4 sessions (zset) 5 idle (zset) 6 scheduled (zset)
--       7 dead (zset) 8 timeline (hash) 9 parked (zset) 10 running (hash) 11 unique (hash) 12 unique-until (zset)
--       13 rates (zset) 14 suspects (hash) 15 calls (hash) 16 schedule-due (zset)
-- ARGV: 1 sequence of the caller's build  2 'reap' where the caller has been connected for a whole lease
--       3 the most jobs to move  4 crashes after which a job is dead  5 ms that the dead are kept
-- Answers {'ok', jobs made ready, jobs taken from the dead, sessions reaped, ms until the next is due or -1,
--       outcomes dropped because Redis is nearly full, live sessions of the queue, ms until the first of their leases ends
--       or -1, ms until a recurring job is due or -1, for how many ms nobody had looked before or -1}
--       or {'stale', floor}: an older build than the floor maintains nothing.
-- Run twice: what was moved is no longer there to move.
local jobs, lanes, sessions, idle = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local scheduled, dead, timeline, parked, running = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local unique, unique_until, rates, suspects = KEYS[11], KEYS[12], KEYS[13], KEYS[14]
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

-- Takes a job back from a session that is dead. Whoever is one crash short of the limit will run alone.
local function recover(session, id, is_blamed)
  local record = redis.call('HGET', jobs, id)
  if not record then return end
  recovered = recovered + 1
  local head = head_of(record)
  local crashes = number_field(head, 'crashes', 0)
  if is_blamed then
    crashes = crashes + 1
    record = remember(timeline, id, record, 'n=' .. (number_field(head, 'attempts', 0) + 1) .. ' by=' .. session
      .. ' ended=' .. nowText .. ' outcome=crashed error=lease-ended')
    record = with_field(record, 'crashes', crashes)
    if ramp_revision and string.match(lane_of(head), ':exactly:([^:]*)') == ramp_revision then
      count_trial('new', 'failed', 1)
    end
    if crashes == crash_limit - 1 then record = with_field(record, 'suspect', 1) end
    redis.call('HSET', jobs, id, record)
  end
  if is_blamed and crashes >= crash_limit and not field(head, 'cancel') then
    leave_key(head)
    bury(id, record)
  else
    local lane = give_back('LPUSH', id, record, session)
    if lane then woken[lane] = (woken[lane] or 0) + 1 end
  end
end

if ARGV[2] == 'reap' then
  for _, session in ipairs(redis.call('ZRANGEBYSCORE', sessions, '-inf', now, 'LIMIT', 0, 16)) do
    local held = base .. 'held:' .. session
    -- What was only kept back for later had no part in the crash.
    local kept_back = string.match(redis.call('HGET', suspects, session) or '', '^next (.*)$')
    for _, id in ipairs(redis.call('SMEMBERS', held)) do
      if recovered == limit then break end
      redis.call('SREM', held, id)
      recover(session, id, id ~= kept_back)
    end
    if redis.call('EXISTS', held) == 0 then
      redis.call('ZREM', sessions, session)
      redis.call('ZREM', idle, session)
      redis.call('HDEL', suspects, session)
      redis.call('HDEL', KEYS[15], session)
      reaped[#reaped + 1] = session
    end
  end
end
for lane, count in pairs(woken) do wake(idle, lane, math.min(count, 8)) end

-- Whether there is more to do than is done at a time.
local has_more = false
local old = redis.call('ZRANGEBYSCORE', dead, '-inf', now - tonumber(ARGV[5]), 'LIMIT', 0, limit)
has_more = #old == limit
for _, id in ipairs(old) do
  redis.call('ZREM', dead, id)
  forget_dead(id)
  redis.call('HINCRBY', meta, 'dead-dropped', 1)
end
local free = redis.call('ZRANGEBYSCORE', unique_until, '-inf', now, 'LIMIT', 0, limit)
has_more = has_more or #free == limit
for _, key in ipairs(free) do
  local entry = redis.call('HGET', unique, key)
  if entry and string.find(entry, ' time ', 1, true) then redis.call('HDEL', unique, key) end
  redis.call('ZREM', unique_until, key)
end
redis.call('ZREMRANGEBYSCORE', rates, '-inf', now)
-- What a finished job lets go on is one; here is what a limit that was raised lets go on.
local room = tonumber(most_of_key or '') or limit
local waiting, unparked = redis.call('ZRANGE', parked, 0, 15), 0
for _, key in ipairs(waiting) do
  for _ = 1, math.min(limit, room - tonumber(redis.call('HGET', running, key) or 0)) do
    if not unpark(key) then break end
    unparked = unparked + 1
  end
  -- The next look begins with the others, or the keys behind sixteen busy ones would wait for ever.
  redis.call('ZADD', parked, 'XX', now, key)
end
has_more = has_more or #waiting == 16 and unparked > 0
-- The writes above only free memory, or come after one that does: a full Redis lets these pass.
local squeezed = squeeze()
local live = redis.call('ZCOUNT', sessions, nowText, '+inf')
-- In a crowd the others go by it: who may not reap has not done all that there is to do, and perhaps not who left a
-- recurring job undone that only a newer build may fire. One that nobody fires for a minute keeps nobody busy.
local first = redis.call('ZRANGE', KEYS[16], 0, 0, 'WITHSCORES')
local late = first[2] and now - tonumber(first[2]) or 0
if live >= CROWD and ARGV[2] == 'reap' and (late < 1000 or late > 60000) then
  redis.call('HSET', meta, 'maintained', nowText)
end
local function ms_until_first(times)
  local first = redis.call('ZRANGE', times, 0, 0, 'WITHSCORES')
  return first[2] and math.max(0, tonumber(first[2]) - now) or -1
end
return {'ok', #due, recovered, reaped, has_more and 0 or ms_until_first(scheduled), squeezed, live,
  ms_until_first(sessions), ms_until_first(KEYS[16]), unattended()}
