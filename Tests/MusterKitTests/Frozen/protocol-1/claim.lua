-- claim: settles what a session has finished (held -> done, scheduled or dead) and hands it the next jobs
-- (queued -> held), refusing those that its build may not run, and keeping back those over a limit.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 lanes (zset) 4 sessions (zset) 5 idle (zset) 6 held:<session> (set)
--       7 scheduled (zset) 8 running (hash) 9 parked (zset) 10 rates (zset) 11 checkpoints (hash) 12 suspects (hash)
--       13 calls (hash)
-- ARGV: 1 session  2 sequence  3 revision  4 host  5 jobs wanted  6 types known: ',a,b,' or '*'
--       7 a number that grows with each claim, by which lanes take turns  8 the session's calls so far
--       9 n: plain successes, then n times: id, ms it ran
--       then each other outcome: id, kind, ms it ran, two arguments:
--       'success' result, retention in ms ('' for the usual) · 'failure' delay ms, error
--       'dead' '', error · 'later' delay ms, '' · 'back' '', '' · 'cancelled' '', error
--       'unknown-type' type, '' · 'undecodable' sequence needed, ''
-- Answers {state, reason, newer jobs waiting, what they need, ids not settled, ids, records, checkpoints};
--       state: 'ok' · 'lost': the session's lease ended, it holds nothing · 'stale': below the floor;
--       reason, where fewer jobs came than were wanted: 'empty', 'newer-work-waiting', 'paused', 'capacity',
--       'rate' (its fourth part says in how many ms to ask again), 'more' (it gave up looking; ask again);
--       checkpoints: id, bytes for each of the jobs that has one.
--       state 'late': the session has called again since; nothing was done, and nobody hears it.
-- Run twice: an outcome counts only while its id is held, so the second run settles nothing; jobs whose
--       answer was lost stay held until the session says what it really has (handback.lua).
-- The first write only frees memory: a full Redis lets the writes after it pass, so workers still drain it.
local jobs, lanes, sessions, idle, held = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local scheduled, running, parked, rates = KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local checkpoints, suspects, calls = KEYS[11], KEYS[12], KEYS[13]
local session, sequence, revision, host = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local want, types, turn = tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7])
local stamp = ARGV[2] .. '-' .. revision

redis.call('ZREM', idle, session)
local is_listed = redis.call('ZSCORE', sessions, session)
if is_listed and is_late(calls, session, ARGV[8]) then return {'late', '', 0, '', {}, {}, {}, {}} end

local unsettled = settle(session, stamp, revision, sequence < floor, 9)

if not is_listed then
  list_if_holding(sessions, held, session)
  return {'lost', '', 0, '', unsettled, {}, {}, {}}
end
if sequence < floor then
  refuse(host, stamp, 'below-floor', 'at-least:' .. rules[3])
  return {'stale', 'below-floor', 0, rules[3], unsettled, {}, {}, {}}
end
if want == 0 then return {'ok', '', 0, '', unsettled, {}, {}, {}} end
if paused then return {'ok', 'paused', 0, '', unsettled, {}, {}, {}} end

-- A job that is one crash short of being buried runs alone, so that a further crash has one culprit. A session that
-- meets one while it holds others keeps it back until they are done, and gets nothing else meanwhile.
local mark = redis.call('HGET', suspects, session)
if mark then
  local state, id = string.match(mark, '^(%l+) (.*)$')
  local record = redis.call('SISMEMBER', held, id) == 1 and redis.call('HGET', jobs, id)
  if not record then
    redis.call('HDEL', suspects, session)
  elseif state == 'next' and redis.call('SCARD', held) == 1 then
    redis.call('HSET', suspects, session, 'alone ' .. id)
    local bytes = redis.call('HGET', checkpoints, id)
    return {'ok', 'capacity', 0, '', unsettled, {id}, {record}, bytes and {id, bytes} or {}}
  else
    return {'ok', 'capacity', 0, '', unsettled, {}, {}, {}}
  end
end

-- The queue's own limits: how many are held by all sessions together, and how many may begin within a time. The
-- rate is counted as the time at which the next job would be due if they came evenly (the generic cell rate
-- algorithm of ATM networks): one number, however many came.
local wanted, interval, next_at = want, nil, nil
if most_held then
  local room = tonumber(most_held)
  for _, other in ipairs(redis.call('ZRANGE', sessions, 0, -1)) do
    room = room - redis.call('SCARD', base .. 'held:' .. other)
  end
  want = math.min(want, math.max(0, room))
  if want == 0 then
    redis.call('ZADD', idle, sequence, session)
    return {'ok', 'capacity', 0, '', unsettled, {}, {}, {}}
  end
end
if rate then
  local count, span = string.match(rate, '^(%d+)/(%d+)$')
  interval = span / count
  next_at = math.max(tonumber(rate_next or 0), now)
  local room = math.floor((now + span - next_at) / interval + 1e-6)
  want = math.min(want, math.max(0, room))
  if want == 0 then
    local pause = math.ceil(next_at + interval - span - now)
    return {'ok', 'rate', 0, string.format('%.0f', math.max(1, pause)), unsettled, {}, {}, {}}
  end
end

-- Which lanes this session may look into: the lane's name says it.
local function may_see(lane)
  local kind, argument, rest = string.match(lane, '^%l+:([%l-]+):?([^:]*):?(.*)$')
  local known_type = string.match(lane, ':knows:(.+)$')
  if known_type and types ~= '*' and not string.find(types, ',' .. known_type .. ',', 1, true) then return false end
  -- A build on trial gets its share of the new jobs, and what asks for no less than it; the rest is the others'.
  if ramp_revision == revision and (kind == 'any' or kind == 'at-least') then
    return tonumber(argument) ~= nil and tonumber(argument) >= tonumber(ramp_sequence)
  end
  if kind == 'at-least' or kind == 'any' then return true end
  if kind == 'exactly' then return argument == revision end
  if kind == 'host' then return argument == host end
  return kind == 'worker' and argument == session
end

-- How many jobs with one limit key may be held, and how many may begin within a time.
local key_room = tonumber(most_of_key or '')
local key_count, key_span = string.match(key_rate or '', '^(%d+)/(%d+)$')
local ids, records, saved = {}, {}, {}
local looked, is_full = 0, false

-- Whether a marked job may be handed out now. One that may not is put where it waits, or ends.
-- Returns the record, or nil.
local function admitted(id, record)
  local head = head_of(record)
  local expires = number_field(head, 'expires')
  if expires and expires < now and not field(head, 'history') then
    finish(id, record, 'expired', ' ms=0 error=not-begun-in-time', '')
    redis.call('HINCRBY', meta, 'expired', 1)
    -- The room that it was let go on for is another's now.
    local key = field(head, 'key')
    if key and tonumber(redis.call('HGET', running, key) or 0) < (key_room or math.huge) then unpark(key) end
    return nil
  end
  local key = field(head, 'key')
  if key then
    if key_room and tonumber(redis.call('HGET', running, key) or 0) >= key_room then
      redis.call('RPUSH', base .. 'parked:' .. key, id)
      redis.call('ZADD', parked, 'NX', now, key)
      return nil
    end
    if field(head, 'slot') then
      record = without_field(record, 'slot')
      redis.call('HSET', jobs, id, record)
    elseif key_count then
      local apart = key_span / key_count
      local due = math.max(tonumber(redis.call('ZSCORE', rates, key) or 0), now)
      redis.call('ZADD', rates, due + apart, key)
      local begin = due + apart - key_span
      if begin > now then
        redis.call('HSET', jobs, id, with_field(record, 'slot', 1))
        redis.call('ZADD', scheduled, math.ceil(begin), id)
        return nil
      end
    end
    redis.call('HINCRBY', running, key, 1)
  end
  if field(head, 'suspect') then
    is_full = true
    if #ids > 0 or redis.call('SCARD', held) > 0 then
      redis.call('SADD', held, id)
      redis.call('HSET', suspects, session, 'next ' .. id)
      return nil
    end
    redis.call('HSET', suspects, session, 'alone ' .. id)
  end
  if string.find(head, ' unique=started:', 1, true) then free_unique(id, head) end
  if field(head, 'checkpoint') then
    local bytes = redis.call('HGET', checkpoints, id)
    if bytes then
      saved[#saved + 1] = id
      saved[#saved + 1] = bytes
    end
  end
  return record
end

-- Takes up to `asked` ids out of a lane, and keeps those that may run.
-- Returns how many came out of the lane.
local function take(lane, asked)
  local popped = redis.call('LPOP', base .. 'lane:' .. lane, asked)
  if not popped then return 0 end
  looked = looked + #popped
  local found = redis.call('HMGET', jobs, unpack(popped))
  for i, id in ipairs(popped) do
    local record = found[i]
    if is_full then
      for rest = #popped, i, -1 do redis.call('LPUSH', base .. 'lane:' .. lane, popped[rest]) end
      return #popped
    elseif not record then
      redis.call('HINCRBY', meta, 'ids-without-record', 1)
    else
      if is_marked(record) then record = admitted(id, record) end
      if record then
        ids[#ids + 1] = id
        records[#records + 1] = record
      end
    end
  end
  return #popped
end

-- Higher priorities first; yet every fourth claim begins with the normal ones, every sixteenth with the low ones, so
-- that none of them starves.
local order = {'high:', 'normal:', 'low:'}
if turn % 16 == 15 then
  order = {'low:', 'normal:', 'high:'}
elseif turn % 4 == 3 then
  order = {'normal:', 'high:', 'low:'}
end

local MOST_LOOKED_AT = 1000
local visible = redis.call('ZRANGEBYSCORE', lanes, -1, sequence)
local other_revision = 0
local left_over
for _, priority in ipairs(order) do
  local mine = {}
  for _, lane in ipairs(visible) do
    if string.sub(lane, 1, #priority) == priority then
      if may_see(lane) then
        mine[#mine + 1] = lane
      elseif string.find(lane, ':exactly:', 1, true) then
        other_revision = other_revision + redis.call('LLEN', base .. 'lane:' .. lane)
      end
    end
  end
  for i = 1, #mine do
    local lane = mine[(turn + i) % #mine + 1]
    while true do
      local asked = want - #ids
      if asked == 0 or is_full or looked >= MOST_LOOKED_AT then
        left_over = left_over or lane
        break
      end
      if take(lane, asked) < asked and redis.call('EXISTS', base .. 'lane:' .. lane) == 0 then
        redis.call('ZREM', lanes, lane)
        break
      end
    end
    if left_over then break end
  end
  if left_over then break end
end

if #ids > 0 then
  redis.call('SADD', held, unpack(ids))
  if interval then redis.call('HSET', meta, 'rate-next', string.format('%.3f', next_at + interval * #ids)) end
end
if is_full then return {'ok', 'capacity', 0, '', unsettled, ids, records, saved} end
if #ids == want then
  if wanted == want then
    if left_over and redis.call('ZCARD', idle) > 0 and redis.call('EXISTS', base .. 'lane:' .. left_over) == 1 then
      wake(idle, left_over, 1)
    end
    return {'ok', '', 0, '', unsettled, ids, records, saved}
  end
  return {'ok', 'more', 0, '', unsettled, ids, records, saved}
end
if looked >= MOST_LOOKED_AT then return {'ok', 'more', 0, '', unsettled, ids, records, saved} end

redis.call('ZADD', idle, sequence, session)
local newer, needs = 0, ''
for _, lane in ipairs(redis.call('ZRANGEBYSCORE', lanes, '(' .. ARGV[2], '+inf', 'LIMIT', 0, 16)) do
  newer = newer + redis.call('LLEN', base .. 'lane:' .. lane)
  needs = string.match(lane, ':at%-least:(%d+)') or needs
end
if #ids == 0 then
  if newer > 0 then
    refuse(host, stamp, 'older-build', 'at-least:' .. needs)
    return {'ok', 'newer-work-waiting', newer, needs, unsettled, ids, records, saved}
  end
  if other_revision > 0 then refuse(host, stamp, 'other-revision', 'exactly') end
end
return {'ok', 'empty', newer, needs, unsettled, ids, records, saved}
