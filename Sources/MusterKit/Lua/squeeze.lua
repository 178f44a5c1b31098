-- squeeze: how outcomes make room where Redis has little memory left. It stands between over and maintain.
-- KEYS: none but meta; it finds the others by their names: jobs (hash), sessions (zset), buckets (zset), done-bytes
--       (hash)

-- What must not be dropped for room: few bytes, or an eighth of what the live jobs take. Else a producer that fills
-- whatever room there is would take the outcome of its own jobs from whoever asks for it.
local LEAST_ROOM = 65536
-- Of so many sessions few look after the queue, each for all (Upkeep.swift).
local CROWD = 40

-- Says how many bytes of outcomes there is room for, and drops the oldest where there are more. Free must stay an
-- eighth of the server's bound, at most 64 MiB: what a second may bring. Who may not ask for the memory squeezes
-- nothing; of many workers, about four a second ask, by the chance of the microsecond; of a crowd, who comes a quarter of
-- a second after the last one.
-- 1. Where more is free, outcomes may grow by half of it: another queue's grow too, and each takes more than its bytes.
-- 2. Where less is free, what is missing goes, but at most half of them at a time: other queues give some, too.
-- Returns how many outcomes went.
local function squeeze()
  local workers = redis.call('ZCARD', base .. 'sessions')
  if workers < CROWD then
    if clock[2] % math.max(1, workers) >= 4 then return 0 end
  elseif unattended() >= 0 and unattended() < 250 then
    return 0
  end
  local info = redis.pcall('INFO', 'memory')
  if type(info) ~= 'string' then return 0 end
  local function fact(name) return tonumber(string.match(info, '\n' .. name .. ':(%d+)') or 0) end
  local most = fact('maxmemory')
  if most == 0 then
    if outcome_room then redis.call('HDEL', meta, 'outcome-room') end
    return 0
  end
  -- What was dropped a moment ago may not be free yet.
  if fact('lazyfree_pending_objects') > 0 then return 0 end
  local free = most - (fact('used_memory') - fact('mem_not_counted_for_evict')) - math.min(most / 8, 67108864)

  local buckets, done_bytes = base .. 'buckets', base .. 'done-bytes'
  forget_expired_buckets(buckets, done_bytes)
  local total = 0
  for _, size in ipairs(redis.call('HVALS', done_bytes)) do total = total + tonumber(size) end
  local room = total + free / 2
  if free < 0 then
    local live = redis.pcall('MEMORY', 'USAGE', base .. 'jobs')
    room = math.max(total + free, total / 2, LEAST_ROOM, type(live) == 'number' and live / 8 or 0)
  end
  -- A bucket begins when the others are within seven eighths of the bound.
  room = math.floor(room * 8 / 7)
  local before = tonumber(outcome_room or '')
  if room >= (tonumber(outcome_bytes or '') or USUAL_OUTCOME_BYTES) then
    if before then redis.call('HDEL', meta, 'outcome-room') end
    return 0
  end
  if not before or math.abs(room - before) > before / 16 then
    outcome_room = string.format('%.0f', room)
    redis.call('HSET', meta, 'outcome-room', outcome_room)
  end
  if free >= 0 then return 0 end
  return drop_outcomes(buckets, done_bytes, outcome_bound())
end
