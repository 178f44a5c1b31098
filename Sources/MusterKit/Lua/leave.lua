-- leave: takes a job that nobody holds out of its place. It stands between the fence and the scripts that end such jobs.
-- KEYS: none but meta; it finds the others by their names: scheduled (zset), dead (zset), review (zset),
--       review-outcomes (hash)

-- A job is not under review any more.
-- Returns what its session had said: a line of fields, a newline, the result; false where nothing is known of it.
local function leave_review(id)
  local outcomes = base .. 'review-outcomes'
  local outcome = redis.call('HGET', outcomes, id)
  redis.call('ZREM', base .. 'review', id)
  if not outcome then return false end
  redis.call('HDEL', outcomes, id)
  if redis.call('EXISTS', outcomes) == 0 then
    redis.call('HDEL', meta, 'review-bytes')
  else
    redis.call('HINCRBY', meta, 'review-bytes', -#outcome)
  end
  return outcome
end

-- A lane is a list: this costs time in proportion to its length.
local function take_from(place, detail, id, record)
  if place == 'review' then
    leave_review(id)
  elseif place == 'dead' or place == 'scheduled' then
    redis.call('ZREM', base .. place, id)
  elseif place == 'parked' then
    redis.call('LREM', base .. 'parked:' .. detail, 1, id)
  else
    redis.call('LREM', base .. 'lane:' .. lane_of(head_of(record)), 1, id)
  end
end
