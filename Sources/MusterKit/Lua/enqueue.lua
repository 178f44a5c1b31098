-- enqueue: nothing -> queued (or scheduled), for any number of jobs of one lane.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 lanes (zset) 4 idle (zset) 5 scheduled (zset) 6 buckets (zset)
-- ARGV: 1 lane  2 when: '' now, '+ms' from now, 'ms' of the epoch  3 'new', or 'again' where an id may
--       have been sent before  then per job: id, the record from its second field on
-- Answers {'ok', now in ms, ids that were there already}.
-- Run twice: with 'again' the second run changes nothing; fresh ids are sent as 'new' once.
local jobs, lanes, idle, scheduled, buckets = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local lane, when, again = ARGV[1], ARGV[2], ARGV[3] == 'again'
local prefix = 'v1 at=' .. nowText .. ' '

local function is_known(id)
  if redis.call('HEXISTS', jobs, id) == 1 then return true end
  for _, bucket in ipairs(redis.call('ZRANGE', buckets, 0, -1)) do
    if redis.call('HEXISTS', base .. 'done:' .. bucket, id) == 1 then return true end
  end
  return false
end

local ids, pairs_, known = {}, {}, {}
local seen = {}
for i = 4, #ARGV, 2 do
  local id = ARGV[i]
  if again and (seen[id] or is_known(id)) then
    known[#known + 1] = id
  else
    seen[id] = again
    ids[#ids + 1] = id
    pairs_[#pairs_ + 1] = id
    pairs_[#pairs_ + 1] = prefix .. ARGV[i + 1]
  end
end
if #ids == 0 then return {'ok', now, known} end

redis.call('HSET', jobs, unpack(pairs_))
local due = now
if string.sub(when, 1, 1) == '+' then due = now + tonumber(when) elseif when ~= '' then due = tonumber(when) end
if due > now then
  local entries = {}
  for _, id in ipairs(ids) do
    entries[#entries + 1] = due
    entries[#entries + 1] = id
  end
  redis.call('ZADD', scheduled, unpack(entries))
else
  redis.call('RPUSH', base .. 'lane:' .. lane, unpack(ids))
  redis.call('ZADD', lanes, score_of(lane), lane)
  wake(idle, lane, 1)
end
return {'ok', now, known}
