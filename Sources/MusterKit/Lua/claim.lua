-- claim: settles what a session has finished (held -> done, scheduled or dead) and hands it the next jobs
-- (queued -> held), refusing those that its build may not run.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 lanes (zset) 4 sessions (zset) 5 idle (zset) 6 held:<session> (set)
--       7 refusals (hash) 8 buckets (zset) 9 done-bytes (hash) 10 scheduled (zset) 11 dead (zset)
--       12 timeline (hash) 13 progress (hash)
-- ARGV: 1 session  2 sequence  3 revision  4 host  5 jobs wanted  6 types known: ',a,b,' or '*'
--       7 a number that grows with each claim  8 outcome retention in ms  9 byte bound of all outcomes
--       10 n: plain successes, then n times: id, ms it ran
--       then each other outcome: id, kind, ms it ran, two arguments:
--       'success' result, retention ms ('' for the usual) · 'failure' delay ms, error
--       'dead' '', error · 'later' delay ms, '' · 'back' '', ''
--       'unknown-type' type, '' · 'undecodable' sequence needed, ''
-- Answers {state, reason, newer jobs waiting, sequence they need, ids not settled, ids, records};
--       state: 'ok' · 'lost': the session's lease ended, it holds nothing · 'stale': below the floor;
--       reason, where fewer jobs came than were wanted: 'empty' or 'newer-work-waiting'.
-- Run twice: an outcome counts only while its id is held, so the second run settles nothing; jobs whose
--       answer was lost stay held until the session says what it really has (handback.lua).
-- The first write only frees memory: a full Redis lets the writes after it pass, so workers still drain it.
local jobs, lanes, sessions, idle, held = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local refusals, buckets, done_bytes, scheduled = KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local dead, timeline, progress = KEYS[11], KEYS[12], KEYS[13]
local session, sequence, revision, host = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local want, types, turn = tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7])
local stamp = ARGV[2] .. '-' .. revision

redis.call('ZREM', idle, session)

-- Outcomes lie in buckets that expire whole; a bucket is closed by age or size, the oldest go first.
-- Retentions are rounded up to one of four steps an octave, so that few buckets are open at a time.
local function bucket_for(retention, bytes)
  local step = 2 ^ math.max(0, math.floor(math.log(math.max(1, retention)) / math.log(2)) - 2)
  retention = math.ceil(retention / step) * step
  local name = 'bucket:' .. retention
  local current = redis.call('HGET', meta, name)
  local width = math.max(1000, math.floor(retention / 8))
  local bound = tonumber(ARGV[9])
  if current then
    local opened = tonumber(string.match(current, '^%d+'))
    local size = tonumber(redis.call('HGET', done_bytes, current) or 0)
    if now - opened >= width or now < opened or size > bound / 8 then current = false end
  end
  if not current then
    current = nowText .. '.' .. redis.call('HINCRBY', meta, 'buckets-opened', 1)
    redis.call('HSET', meta, name, current)
    redis.call('ZADD', buckets, now + width + retention, current)
    for _, expired in ipairs(redis.call('ZRANGEBYSCORE', buckets, '-inf', now)) do
      redis.call('UNLINK', base .. 'done:' .. expired)
      redis.call('HDEL', done_bytes, expired)
      redis.call('ZREM', buckets, expired)
    end
    local total = 0
    for _, size in ipairs(redis.call('HVALS', done_bytes)) do total = total + tonumber(size) end
    while total > bound * 7 / 8 do
      local oldest = redis.call('ZRANGE', buckets, 0, 0)[1]
      if not oldest or oldest == current then break end
      total = total - tonumber(redis.call('HGET', done_bytes, oldest) or 0)
      redis.call('HINCRBY', meta, 'outcomes-dropped', redis.call('HLEN', base .. 'done:' .. oldest))
      redis.call('UNLINK', base .. 'done:' .. oldest)
      redis.call('HDEL', done_bytes, oldest)
      redis.call('ZREM', buckets, oldest)
    end
  end
  redis.call('HINCRBY', done_bytes, current, bytes)
  return current
end

local function keep_outcomes(retention, entries, bytes)
  local bucket = bucket_for(retention, bytes)
  local key = base .. 'done:' .. bucket
  local is_new = redis.call('EXISTS', key) == 0
  redis.call('HSET', key, unpack(entries))
  if is_new then
    redis.call('PEXPIREAT', key, string.format('%.0f', redis.call('ZSCORE', buckets, bucket)))
  end
end

local unsettled = {}
local settled_ok, settled_failed = 0, 0
local plain = tonumber(ARGV[10])
local cursor = 11
if plain > 0 then
  local ids, run = {}, {}
  for i = 1, plain do
    ids[i], run[i] = ARGV[cursor], ARGV[cursor + 1]
    cursor = cursor + 2
  end
  local is_held = redis.call('SMISMEMBER', held, unpack(ids))
  local mine, run_of = {}, {}
  for i = 1, plain do
    if is_held[i] == 1 then
      mine[#mine + 1] = ids[i]
      run_of[#run_of + 1] = run[i]
    else
      unsettled[#unsettled + 1] = ids[i]
    end
  end
  if #mine > 0 then
    local records = redis.call('HMGET', jobs, unpack(mine))
    redis.call('SREM', held, unpack(mine))
    redis.call('HDEL', jobs, unpack(mine))
    local tail = ' by=' .. session .. ' on=' .. stamp .. '\n'
    local entries, bytes = {}, 0
    for i, id in ipairs(mine) do
      local outcome = 'state=succeeded ended=' .. nowText .. ' ms=' .. run_of[i] .. tail
        .. (records[i] and head_of(records[i]) or '') .. '\n'
      entries[#entries + 1] = id
      entries[#entries + 1] = outcome
      bytes = bytes + #outcome + #id
    end
    keep_outcomes(tonumber(ARGV[8]), entries, bytes)
    settled_ok = #mine
  end
end

while cursor <= #ARGV do
  local id, kind, run = ARGV[cursor], ARGV[cursor + 1], ARGV[cursor + 2]
  local first, second = ARGV[cursor + 3], ARGV[cursor + 4]
  cursor = cursor + 5
  local record = redis.call('SREM', held, id) == 1 and redis.call('HGET', jobs, id)
  if not record then
    unsettled[#unsettled + 1] = id
  else
    local head = head_of(record)
    local started = string.format('%.0f', now - tonumber(run))
    local attempts = number_field(head, 'attempts', 0)
    local line = 'n=' .. (attempts + 1) .. ' by=' .. session .. ' on=' .. stamp .. ' started=' .. started
      .. ' ended=' .. nowText
    if kind == 'success' then
      local lines = redis.call('HGET', timeline, id)
      local _, count = string.gsub(lines or '', '\n', '\n')
      local outcome = 'state=succeeded ended=' .. nowText .. ' ms=' .. run .. ' by=' .. session .. ' on=' .. stamp
        .. (lines and (' history=' .. (count + 1)) or '') .. '\n' .. head .. '\n'
        .. (lines and (lines .. '\n') or '') .. first
      redis.call('HDEL', jobs, id)
      redis.call('HDEL', timeline, id)
      redis.call('HDEL', progress, id)
      keep_outcomes(tonumber(second == '' and ARGV[8] or second), {id, outcome}, #outcome + #id)
      settled_ok = settled_ok + 1
    elseif kind == 'failure' or kind == 'dead' then
      record = remember(timeline, id, record, line .. ' outcome=failed error=' .. second)
      redis.call('HSET', jobs, id, with_field(record, 'attempts', attempts + 1))
      if kind == 'dead' or attempts + 1 > number_field(head, 'retries', 25) then
        bury(jobs, dead, timeline, id)
      else
        redis.call('ZADD', scheduled, now + tonumber(first), id)
      end
      settled_failed = settled_failed + 1
    elseif kind == 'later' then
      redis.call('HSET', jobs, id, remember(timeline, id, record, line .. ' outcome=later'))
      redis.call('ZADD', scheduled, now + tonumber(first), id)
    else
      if kind ~= 'back' then
        local lane = lane_of(head)
        if kind == 'unknown-type' then
          lane = string.gsub(lane, ':knows:.*', '') .. ':knows:' .. first
        else
          lane = string.match(lane, '^%l*') .. ':at-least:' .. first
        end
        record = remember(timeline, id, record, line .. ' outcome=handed-back error=' .. kind)
        record = with_field(record, 'lane', lane)
        redis.call('HSET', jobs, id, record)
      end
      local lane = make_ready('LPUSH', lanes, id, record)
      wake(idle, lane, 1)
    end
  end
end
if settled_ok > 0 then redis.call('HINCRBY', meta, 'succeeded', settled_ok) end
if settled_failed > 0 then redis.call('HINCRBY', meta, 'failed', settled_failed) end

local function refuse(reason, needs)
  local name = host .. ' ' .. stamp .. ' ' .. reason
  local entry = redis.call('HGET', refusals, name)
  local count, first = 0, nowText
  if entry then
    count, first = string.match(entry, '^(%d+) (%d+)')
  elseif redis.call('HLEN', refusals) >= 10000 then
    return
  end
  redis.call('HSET', refusals, name,
    string.format('%.0f', tonumber(count) + 1) .. ' ' .. first .. ' ' .. nowText .. ' ' .. needs)
end

if not redis.call('ZSCORE', sessions, session) then
  list_if_holding(sessions, held, session)
  return {'lost', '', 0, '', unsettled, {}, {}}
end
if sequence < floor then
  refuse('below-floor', 'at-least:' .. rules[3])
  return {'stale', 'below-floor', 0, rules[3], unsettled, {}, {}}
end
if want == 0 then return {'ok', '', 0, '', unsettled, {}, {}} end

-- Which lanes this session may look into: the lane's name says it.
local function may_see(lane)
  local kind, argument, rest = string.match(lane, '^%l+:([%l-]+):?([^:]*):?(.*)$')
  local known_type = string.match(lane, ':knows:(.+)$')
  if known_type and types ~= '*' and not string.find(types, ',' .. known_type .. ',', 1, true) then return false end
  if kind == 'at-least' or kind == 'any' then return true end
  if kind == 'exactly' then return argument == revision end
  if kind == 'host' then return argument == host end
  return kind == 'worker' and argument == session
end

local visible = redis.call('ZRANGEBYSCORE', lanes, -1, sequence)
local other_revision = 0
local ids = {}
local left_over
for _, priority in ipairs({'high:', 'normal:', 'low:'}) do
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
    local asked = want - #ids
    local lane = mine[(turn + i) % #mine + 1]
    if asked == 0 then
      left_over = lane
      break
    end
    local popped = redis.call('LPOP', base .. 'lane:' .. lane, asked) or {}
    for _, id in ipairs(popped) do ids[#ids + 1] = id end
    if #popped < asked then redis.call('ZREM', lanes, lane) else left_over = lane end
  end
end

local popped_count = #ids
local records = {}
if popped_count > 0 then
  records = redis.call('HMGET', jobs, unpack(ids))
  for i = popped_count, 1, -1 do
    if not records[i] then
      table.remove(ids, i)
      table.remove(records, i)
      redis.call('HINCRBY', meta, 'ids-without-record', 1)
    end
  end
  if #ids > 0 then redis.call('SADD', held, unpack(ids)) end
end

if popped_count == want then
  if left_over and redis.call('ZCARD', idle) > 0 and redis.call('EXISTS', base .. 'lane:' .. left_over) == 1 then
    wake(idle, left_over, 1)
  end
  return {'ok', '', 0, '', unsettled, ids, records}
end

redis.call('ZADD', idle, sequence, session)
local newer, needs = 0, ''
for _, lane in ipairs(redis.call('ZRANGEBYSCORE', lanes, '(' .. ARGV[2], '+inf', 'LIMIT', 0, 16)) do
  newer = newer + redis.call('LLEN', base .. 'lane:' .. lane)
  needs = string.match(lane, ':at%-least:(%d+)') or needs
end
if popped_count == 0 then
  if newer > 0 then
    refuse('older-build', 'at-least:' .. needs)
    return {'ok', 'newer-work-waiting', newer, needs, unsettled, ids, records}
  end
  if other_revision > 0 then refuse('other-revision', 'exactly') end
end
return {'ok', 'empty', newer, needs, unsettled, ids, records}
