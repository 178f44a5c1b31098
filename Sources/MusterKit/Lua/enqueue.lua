-- enqueue: nothing -> queued (or scheduled), for any number of jobs of one lane.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 lanes (zset) 4 idle (zset) 5 scheduled (zset) 6 buckets (zset)
--       7 unique (hash) 8 unique-until (zset) 9 chains (hash) 10 repeated (zset)
-- ARGV: 1 lane  2 when: '' now, '+ms' from now, 'ms' of the epoch  3 'new' for fresh ids, 'again' where an id may
--       have been sent before, 'repeated' where fresh ids are sent once more  4 duties of all of them, '' for none:
--       one line of fields, and a line for each further step of a chain (a header without payload); fields:
--       within=<ms> to begin in, after it is due · unique=<started|done|time>:<key> · lasts=<ms>, with `time` ·
--       batch=<id> · key=<limit key>
--       then per job: id, the record from its second field on
-- Answers {'ok', now in ms, ids that were there already, the id that has the unique key or '', the floor where the
--       producer's build is below it, else ''}
--       or {'batch', 'unknown' or 'closed'} or {'stale-producer', floor}: nothing was enqueued.
-- While a build is on trial, its share of them goes into another lane.
-- Run twice: the second run changes nothing, be it the one with 'new' or the one with 'again'.
local jobs, lanes, idle, scheduled, buckets = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local unique, unique_until, chains = KEYS[7], KEYS[8], KEYS[9]
local lane, when, again = ARGV[1], ARGV[2], ARGV[3] ~= 'new'
local due = now
if string.sub(when, 1, 1) == '+' then due = now + tonumber(when) elseif when ~= '' then due = tonumber(when) end

local below_floor = ''
if floor > 0 then
  local stamp = string.match(head_of(' ' .. ARGV[6]), ' build=([^ ]+)')
  if stamp and tonumber(string.match(stamp, '^%d+') or 0) < floor then
    local host = string.match(head_of(' ' .. ARGV[6]), ' from=([^ :]+)') or '?'
    refuse(host, stamp, 'stale-producer', 'at-least:' .. rules[3])
    if rules[5] == 'refuse' then return {'stale-producer', rules[3]} end
    below_floor = rules[3]
  end
end

local function is_known(id)
  if redis.call('HEXISTS', jobs, id) == 1 then return true end
  for _, bucket in ipairs(redis.call('ZRANGE', buckets, 0, -1)) do
    if redis.call('HEXISTS', base .. 'done:' .. bucket, id) == 1 then return true end
  end
  return false
end

-- Fresh ids are not looked for one by one. Yet a sending that was held up on its way may arrive after its own
-- repetition, which therefore leaves a note: all ids came together, so the first one speaks for them.
local repeated = KEYS[10]
local is_late = ARGV[3] == 'new' and redis.call('ZSCORE', repeated, ARGV[5])

local prefix = 'v1 at=' .. nowText .. ' '
local duties, steps, batch, unique_key, unique_mode
if ARGV[4] ~= '' then
  duties, steps = string.match(ARGV[4], '^([^\n]*)\n?(.*)$')
  duties = ' ' .. duties
  batch = field(duties, 'batch')
  unique_mode, unique_key = string.match(duties, ' unique=(%l+):([^ ]+)')
  prefix = 'v1+ at=' .. nowText
  local within = number_field(duties, 'within')
  if within then prefix = prefix .. ' expires=' .. string.format('%.0f', math.max(due, now) + within) end
  if unique_mode and unique_mode ~= 'time' then prefix = prefix .. ' unique=' .. unique_mode .. ':' .. unique_key end
  if batch then prefix = prefix .. ' batch=' .. batch end
  if field(duties, 'key') then prefix = prefix .. ' key=' .. field(duties, 'key') end
  if steps ~= '' then prefix = prefix .. ' chain=1' end
  prefix = prefix .. ' '
end

if due > now then prefix = prefix .. 'due=' .. string.format('%.0f', due) .. ' ' end

local ids, pairs_, known = {}, {}, {}
local seen = {}
for i = 5, #ARGV, 2 do
  local id = ARGV[i]
  if is_late or again and (seen[id] or is_known(id)) then
    known[#known + 1] = id
  else
    seen[id] = again
    ids[#ids + 1] = id
    pairs_[#pairs_ + 1] = id
    pairs_[#pairs_ + 1] = prefix .. ARGV[i + 1]
  end
end
if #ids == 0 then return {'ok', now, known, '', below_floor} end

if unique_key then
  local entry = redis.call('HGET', unique, unique_key)
  if entry then
    local holder, mode, ends = string.match(entry, '^([^ ]+) (%l+) (%d+)')
    -- A holder that is gone without a trace holds nothing.
    local is_taken = mode == 'time' and tonumber(ends) > now
    if mode ~= 'time' then is_taken = redis.call('HEXISTS', jobs, holder) == 1 end
    if is_taken then return {'ok', now, ids, holder, below_floor} end
  end
end
if batch then
  local key = base .. 'batch:' .. batch
  local facts = redis.call('HMGET', key, 'opened', 'closed')
  if not facts[1] then return {'batch', 'unknown'} end
  if facts[2] then return {'batch', 'closed'} end
end

local ready, on_trial, trial_lane = ids, {}, nil
if is_drawing then
  ready = {}
  for i, id in ipairs(ids) do
    local record, drawn = draw(id, pairs_[2 * i], lane)
    if drawn == lane then
      ready[#ready + 1] = id
    else
      on_trial[#on_trial + 1] = id
      pairs_[2 * i], trial_lane = record, drawn
    end
  end
end

redis.call('HSET', jobs, unpack(pairs_))
if due > now then
  local entries = {}
  for _, id in ipairs(ids) do
    entries[#entries + 1] = due
    entries[#entries + 1] = id
  end
  redis.call('ZADD', scheduled, unpack(entries))
else
  for _, part in ipairs({{lane, ready}, {trial_lane, on_trial}}) do
    if #part[2] > 0 then
      redis.call('RPUSH', base .. 'lane:' .. part[1], unpack(part[2]))
      redis.call('ZADD', lanes, score_of(part[1]), part[1])
      wake(idle, part[1], 1)
    end
  end
end
if ARGV[3] == 'repeated' then
  redis.call('ZREMRANGEBYSCORE', repeated, '-inf', now - 3600000)
  redis.call('ZREMRANGEBYRANK', repeated, 0, -10000)
  redis.call('ZADD', repeated, now, ARGV[5])
end
if unique_key then
  local ends = unique_mode == 'time' and now + number_field(duties, 'lasts', 0) or 0
  redis.call('HSET', unique, unique_key, ids[1] .. ' ' .. unique_mode .. ' ' .. string.format('%.0f', ends))
  if ends > 0 then redis.call('ZADD', unique_until, ends, unique_key) end
end
if batch then
  redis.call('HINCRBY', base .. 'batch:' .. batch, 'total', #ids)
  redis.call('HINCRBY', base .. 'batch:' .. batch, 'pending', #ids)
end
if steps and steps ~= '' then
  for _, id in ipairs(ids) do redis.call('HSET', chains, id, steps) end
end
return {'ok', now, known, '', below_floor}
