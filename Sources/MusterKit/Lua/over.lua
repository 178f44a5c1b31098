-- over: what the scripts share by which a job leaves a session or ends. It stands between the fence and them.
-- KEYS: none but meta; it finds the others by their names: jobs (hash), lanes (zset), idle (zset), dead (zset),
--       timeline (hash), progress (hash), buckets (zset), done-bytes (hash), unique (hash), batches (zset), chains (hash),
--       running (hash), parked (zset), checkpoints (hash), cancels (hash), ramp (hash)
local paused, most_held, rate, rate_next, most_of_key, key_rate, usual_retention, outcome_bytes, outcome_room = unpack(
  redis.call('HMGET', meta, 'paused', 'concurrency', 'rate', 'rate-next', 'key-concurrency', 'key-rate', 'retention',
    'outcome-bytes', 'outcome-room'))
local USUAL_RETENTION, USUAL_OUTCOME_BYTES, MOST_DEAD = 3600000, 67108864, 10000

-- A call that was held up on its way may arrive after later ones of the same session; what it says of jobs may be
-- about an earlier run of them. Notes the number of this one.
local function is_late(calls, session, number)
  local last = tonumber(redis.call('HGET', calls, session) or 0)
  if last < tonumber(number) then redis.call('HSET', calls, session, number) end
  return last > tonumber(number)
end

-- Counts attempts of a build on trial ('new') and of the others ('old'). The one on trial holds itself when it fails
-- more often: by the one-sided test of two proportions with pooled variance, three standard errors apart, from 20
-- attempts of each side on.
local function count_trial(side, outcome, count)
  local ramp = base .. 'ramp'
  redis.call('HINCRBY', ramp, side .. '-' .. outcome, count)
  if side ~= 'new' or outcome ~= 'failed' or ramp_percent == '0' then return end
  local facts = redis.call('HMGET', ramp, 'new-succeeded', 'new-failed', 'old-succeeded', 'old-failed')
  for i = 1, 4 do facts[i] = tonumber(facts[i] or 0) end
  local new, old = facts[1] + facts[2], facts[3] + facts[4]
  if new < 20 or old < 20 then return end
  local both = (facts[2] + facts[4]) / (new + old)
  local worse = facts[2] / new - facts[4] / old
  if worse > 3 * math.sqrt(both * (1 - both) * (1 / new + 1 / old)) then
    redis.call('HSET', meta, 'ramp', ramp_revision .. ' ' .. ramp_sequence .. ' 0')
    redis.call('HSET', ramp, 'held', nowText)
  end
end

-- How many bytes of outcomes there may be, and whether Redis' memory sets that bound (squeeze.lua).
local function outcome_bound()
  local bound, room = tonumber(outcome_bytes or '') or USUAL_OUTCOME_BYTES, tonumber(outcome_room or '')
  if room and room < bound then return room, true end
  return bound, false
end

local function forget_expired_buckets(buckets, done_bytes)
  for _, expired in ipairs(redis.call('ZRANGEBYSCORE', buckets, '-inf', now)) do
    redis.call('UNLINK', base .. 'done:' .. expired, base .. 'seen:' .. expired)
    redis.call('HDEL', done_bytes, expired)
    redis.call('ZREM', buckets, expired)
  end
end

-- A bucket that is gone is nobody's open one: who goes on to write into it (a worker with earlier scripts would) could
-- neither list it nor let it expire.
local function close_bucket(bucket)
  for _, name in ipairs(redis.call('HKEYS', meta)) do
    if string.sub(name, 1, 7) == 'bucket:' and redis.call('HGET', meta, name) == bucket then
      redis.call('HDEL', meta, name)
    end
  end
end

-- Drops the buckets that would expire first, until the others are within seven eighths of the bound.
-- - Parameter spared: the bucket to stop at, or nil.
-- Returns how many outcomes went.
local function drop_outcomes(buckets, done_bytes, bound, is_squeezed, spared)
  local total, dropped = 0, 0
  for _, size in ipairs(redis.call('HVALS', done_bytes)) do total = total + tonumber(size) end
  while total > bound * 7 / 8 do
    local oldest = redis.call('ZRANGE', buckets, 0, 0)[1]
    if not oldest or oldest == spared then break end
    total = total - tonumber(redis.call('HGET', done_bytes, oldest) or 0)
    dropped = dropped + redis.call('HLEN', base .. 'done:' .. oldest)
    redis.call('UNLINK', base .. 'done:' .. oldest, base .. 'seen:' .. oldest)
    redis.call('HDEL', done_bytes, oldest)
    redis.call('ZREM', buckets, oldest)
    close_bucket(oldest)
  end
  if dropped == 0 then return 0 end
  redis.call('HINCRBY', meta, 'outcomes-dropped', dropped)
  redis.call('HSET', meta, 'outcomes-dropped-at', nowText)
  if is_squeezed then
    redis.call('HINCRBY', meta, 'outcomes-squeezed', dropped)
    redis.call('HSET', meta, 'outcomes-squeezed-at', nowText)
    redis.call('HSETNX', meta, 'outcomes-squeezed-since', nowText)
  end
  return dropped
end

-- Outcomes lie in buckets that expire whole; a bucket is closed by age or size, the oldest go first.
-- Retentions are rounded up to one of four steps an octave, so that few buckets are open at a time.
-- Returns the bucket, and when it would expire if it began now.
local function bucket_for(retention, bytes)
  local buckets, done_bytes = base .. 'buckets', base .. 'done-bytes'
  local step = 2 ^ math.max(0, math.floor(math.log(math.max(1, retention)) / math.log(2)) - 2)
  retention = math.ceil(retention / step) * step
  local name = 'bucket:' .. retention
  local current = redis.call('HGET', meta, name)
  local width = math.max(1000, math.floor(retention / 8))
  local bound, is_squeezed = outcome_bound()
  if current then
    local opened = tonumber(string.match(current, '^%d+'))
    local size = tonumber(redis.call('HGET', done_bytes, current) or 0)
    if now - opened >= width or now < opened or size > bound / 8 then current = false end
  end
  if not current then
    current = nowText .. '.' .. redis.call('HINCRBY', meta, 'buckets-opened', 1)
    redis.call('HSET', meta, name, current)
    redis.call('ZADD', buckets, now + width + retention, current)
    forget_expired_buckets(buckets, done_bytes)
    drop_outcomes(buckets, done_bytes, bound, is_squeezed, current)
  end
  redis.call('HINCRBY', done_bytes, current, bytes)
  return current, now + width + retention
end

-- - Parameter retention: ms, or nil for the usual.
local function keep_outcomes(retention, entries, bytes)
  local bucket, ends = bucket_for(retention or tonumber(usual_retention or '') or USUAL_RETENTION, bytes)
  local key = base .. 'done:' .. bucket
  local is_new = redis.call('EXISTS', key) == 0
  redis.call('HSET', key, unpack(entries))
  if is_new then
    -- One that was dropped while it was open, to make room for those of another retention, is listed anew.
    redis.call('ZADD', base .. 'buckets', 'NX', ends, bucket)
    redis.call('PEXPIREAT', key, string.format('%.0f', redis.call('ZSCORE', base .. 'buckets', bucket)))
  end
end

-- Puts a job that the scripts made themselves into its lane, or into that of a build on trial. Who chooses ids may have
-- taken this one: it is the same job then, and gets no second place.
local function add_job(id, record, steps)
  if redis.call('HEXISTS', base .. 'jobs', id) == 1 then return end
  -- The end of an earlier one of this id may be remembered yet; a job is live or over.
  for _, bucket in ipairs(redis.call('ZRANGE', base .. 'buckets', 0, -1)) do
    redis.call('HDEL', base .. 'done:' .. bucket, id)
    redis.call('HDEL', base .. 'seen:' .. bucket, id)
  end
  record = draw(id, record, lane_of(head_of(record)))
  redis.call('HSET', base .. 'jobs', id, record)
  if steps then redis.call('HSET', base .. 'chains', id, steps) end
  wake(base .. 'idle', make_ready('RPUSH', base .. 'lanes', id, record), 1)
end

-- One of a batch's jobs is over; when it was the last, the batch's callback is enqueued.
local function count_down(batch, state)
  local key = base .. 'batch:' .. batch
  if redis.call('EXISTS', key) == 0 then return end
  redis.call('HINCRBY', key, state, 1)
  if redis.call('HINCRBY', key, 'pending', -1) > 0 or redis.call('HEXISTS', key, 'closed') == 0 then return end
  local facts = redis.call('HMGET', key, 'callback', 'total', 'succeeded')
  redis.call('HSET', key, 'finished', nowText)
  redis.call('ZREM', base .. 'batches', batch)
  redis.call('PEXPIRE', key, 86400000)
  if not facts[1] then return end
  add_job(batch .. '.done', 'v1 at=' .. nowText .. ' batch-of=' .. batch .. ' batch-total=' .. (facts[2] or 0)
    .. ' batch-succeeded=' .. (facts[3] or 0) .. ' ' .. facts[1])
end

-- The next job of a chain gets the result of the one before it as its payload. Its id is the first one's with the
-- step's number behind it.
local function go_on(id, head, result)
  local chains = base .. 'chains'
  local steps = redis.call('HGET', chains, id)
  redis.call('HDEL', chains, id)
  if not steps then return end
  local step = number_field(head, 'chain', 1)
  local first = step == 1 and id or string.match(id, '^(.*)%.%d+$') or id
  local header, rest = string.match(steps, '^([^\n]*)\n?(.*)$')
  local next_id = first .. '.' .. string.format('%.0f', step + 1)
  local mark = 'v1 at='
  if rest ~= '' then
    mark, header = 'v1+ at=', 'chain=' .. string.format('%.0f', step + 1) .. ' ' .. header
  end
  add_job(next_id, mark .. nowText .. ' after=' .. id .. ' ' .. header .. '\n' .. (result == '' and 'null' or result),
    rest ~= '' and rest)
end

-- The job does not hold its unique key any more.
local function free_unique(id, head)
  local mode, key = string.match(head, ' unique=(%l+):([^ ]+)')
  if not key or mode == 'time' then return end
  local holder = redis.call('HGET', base .. 'unique', key)
  if holder and string.match(holder, '^[^ ]+') == id then redis.call('HDEL', base .. 'unique', key) end
end

-- What hung on a marked job that is over, or dead: its unique key, its batch, its chain, its checkpoint, whoever
-- waits for it.
local function let_go(id, head, state, result)
  free_unique(id, head)
  local batch = field(head, 'batch')
  if batch then count_down(batch, state) end
  if field(head, 'cancel') then redis.call('HDEL', base .. 'cancels', id) end
  if state ~= 'dead' then
    if field(head, 'chain') then
      if state == 'succeeded' then go_on(id, head, result) else redis.call('HDEL', base .. 'chains', id) end
    end
    if field(head, 'checkpoint') then redis.call('HDEL', base .. 'checkpoints', id) end
    if field(head, 'said') then redis.call('HDEL', base .. 'progress', id) end
  end
  if field(head, 'watched') then redis.call('PUBLISH', base .. 'over:' .. id, state) end
end

-- Ends one job: its record goes, its outcome stays. `line` is the rest of the outcome's first line.
local function finish(id, record, state, line, result, retention)
  local head = head_of(record)
  local lines = field(head, 'history') and redis.call('HGET', base .. 'timeline', id)
  local _, count = string.gsub(lines or '', '\n', '\n')
  local outcome = 'state=' .. state .. ' ended=' .. nowText .. line
    .. (lines and (' history=' .. (count + 1)) or '') .. '\n' .. head .. '\n'
    .. (lines and (lines .. '\n') or '') .. (retention and result or '')
  redis.call('HDEL', base .. 'jobs', id)
  if lines then redis.call('HDEL', base .. 'timeline', id) end
  keep_outcomes(retention, {id, outcome}, #outcome + #id)
  if is_marked(record) then let_go(id, head, state, result) end
end

-- Takes a dead job off the books.
local function forget_dead(id)
  redis.call('HDEL', base .. 'jobs', id)
  for _, name in ipairs({'timeline', 'progress', 'checkpoints', 'chains'}) do redis.call('HDEL', base .. name, id) end
end

-- A job that failed for good stays visible; beyond the bound the oldest go. What it held is free: a retry by hand
-- counts in no batch.
local function bury(id, record)
  if is_marked(record) then
    local head = head_of(record)
    let_go(id, head, 'dead', '')
    for _, name in ipairs({'unique', 'batch', 'cancel', 'watched'}) do record = without_field(record, name) end
  end
  redis.call('HSET', base .. 'jobs', id, record)
  redis.call('ZADD', base .. 'dead', now, id)
  while redis.call('ZCARD', base .. 'dead') > MOST_DEAD do
    forget_dead(redis.call('ZPOPMIN', base .. 'dead')[1])
    redis.call('HINCRBY', meta, 'dead-dropped', 1)
  end
end

-- Lets the oldest job that waits for a limit key go on, if one does.
local function unpark(key)
  local parked = base .. 'parked:' .. key
  while true do
    local id = redis.call('LPOP', parked)
    if not id then
      redis.call('ZREM', base .. 'parked', key)
      return false
    end
    local record = redis.call('HGET', base .. 'jobs', id)
    if record then
      wake(base .. 'idle', make_ready('LPUSH', base .. 'lanes', id, record), 1)
      return true
    end
  end
end

-- A marked job is not held any more: its limit key has room for another.
local function leave_key(head)
  local key = field(head, 'key')
  if not key then return end
  if redis.call('HINCRBY', base .. 'running', key, -1) <= 0 then redis.call('HDEL', base .. 'running', key) end
  unpark(key)
end

-- A job that was held and is not over: back into its lane, unless somebody asked to cancel it.
-- Returns the lane, or nil where it was cancelled instead.
local function give_back(push, id, record, by)
  if is_marked(record) then
    local head = head_of(record)
    leave_key(head)
    if field(head, 'cancel') then
      finish(id, record, 'cancelled', ' ms=0 by=' .. by, '')
      return nil
    end
  end
  return make_ready(push, base .. 'lanes', id, record)
end
