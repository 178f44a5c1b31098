-- place: where a live job is. It stands between the fence and the scripts that look for one job.
-- Returns 'scheduled' and when it is due, 'dead' or 'review' and since when, 'held' and the session, 'parked' and the
-- limit key, or 'queued'.
local function place_of(id, record)
  local due = redis.call('ZSCORE', base .. 'scheduled', id)
  if due then return 'scheduled', due end
  local since = redis.call('ZSCORE', base .. 'dead', id)
  if since then return 'dead', since end
  since = redis.call('ZSCORE', base .. 'review', id)
  if since then return 'review', since end
  for _, session in ipairs(redis.call('ZRANGE', base .. 'sessions', 0, -1)) do
    if redis.call('SISMEMBER', base .. 'held:' .. session, id) == 1 then return 'held', session end
  end
  local key = field(head_of(record), 'key')
  if key and redis.call('LPOS', base .. 'parked:' .. key, id) then return 'parked', key end
  return 'queued', ''
end
