-- job: where a job is and what is known of it. Reads only.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 timeline (hash) 4 buckets (zset) 5 progress (hash)
-- ARGV: 1 id
-- Answers {'ok', now in µs, place, detail, record or outcome, timeline, progress, 'paused' or '', since when outcomes
--       are kept in ms, who has seen the outcome: '<count> <first ms> <last ms> <first who> <last who>' or ''};
--       place: 'done' (bucket) · 'scheduled' (due ms) · 'dead' (since ms) · 'review' (since ms) · 'held' (session) ·
--       'queued' ('') · 'parked' (limit key) · 'unknown'.
local id = ARGV[1]
local seq = string.format('%.0f', clock[1] * 1000000 + clock[2])
local settings = redis.call('HMGET', meta, 'paused', 'retention', 'outcomes-dropped-at')
local paused = settings[1] and 'paused' or ''
local record = redis.call('HGET', KEYS[2], id)
if not record then
  for _, bucket in ipairs(redis.call('ZREVRANGE', KEYS[4], 0, -1)) do
    local outcome = redis.call('HGET', base .. 'done:' .. bucket, id)
    if outcome then
      local seen = redis.call('HGET', base .. 'seen:' .. bucket, id) or ''
      return {'ok', seq, 'done', bucket, outcome, '', '', paused, '', seen}
    end
  end
  local kept = now - (tonumber(settings[2] or '') or 3600000)
  local dropped = tonumber(settings[3] or 0)
  return {'ok', seq, 'unknown', '', '', '', '', paused, string.format('%.0f', math.max(kept, dropped)), ''}
end
local place, detail = place_of(id, record)
return {'ok', seq, place, detail, record, redis.call('HGET', KEYS[3], id) or '', redis.call('HGET', KEYS[5], id) or '',
  paused, '', ''}
