-- revive: dead -> queued with all of its attempts again; scheduled -> queued now. For any number of jobs.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 lanes (zset) 4 idle (zset) 5 scheduled (zset) 6 dead (zset) 7 timeline (hash)
-- ARGV: 1 'dead' for dead jobs only, or ''  2 who asks  then ids
-- Answers {'ok', ids that are ready now, ids that are live already, ids that are not there (or not dead)}.
-- Run twice: the second run finds them queued.
local jobs, lanes, idle, scheduled, dead, timeline = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local ready, live, absent, woken = {}, {}, {}, {}
for i = 3, #ARGV do
  local id = ARGV[i]
  local record = redis.call('HGET', jobs, id)
  local was_dead = record and redis.call('ZREM', dead, id) == 1
  if not record or ARGV[1] == 'dead' and not was_dead then
    absent[#absent + 1] = id
  elseif was_dead or redis.call('ZREM', scheduled, id) == 1 then
    if was_dead then
      record = remember(timeline, id, record, 'n=' .. number_field(head_of(record), 'attempts', 0) .. ' by=' .. ARGV[2]
        .. ' ended=' .. nowText .. ' outcome=retried')
      for _, name in ipairs({'attempts', 'crashes', 'suspect', 'review'}) do record = without_field(record, name) end
      redis.call('HSET', jobs, id, record)
    end
    local lane = make_ready('RPUSH', lanes, id, record)
    woken[lane] = (woken[lane] or 0) + 1
    ready[#ready + 1] = id
  else
    live[#live + 1] = id
  end
end
for lane, count in pairs(woken) do wake(idle, lane, math.min(count, 8)) end
return {'ok', ready, live, absent}
