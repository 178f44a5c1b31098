-- job: where a job is and what is known of it. Reads only.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 sessions (zset) 4 scheduled (zset) 5 dead (zset) 6 timeline (hash)
--       7 buckets (zset) 8 progress (hash)
-- ARGV: 1 id
-- Answers {'ok', now in ms, place, detail, record or outcome, timeline, progress};
--       place: 'done' (bucket) · 'scheduled' (due ms) · 'dead' (since ms) · 'held' (session) · 'queued' ('') ·
--       'unknown'.
local id = ARGV[1]
local record = redis.call('HGET', KEYS[2], id)
if not record then
  for _, bucket in ipairs(redis.call('ZREVRANGE', KEYS[7], 0, -1)) do
    local outcome = redis.call('HGET', base .. 'done:' .. bucket, id)
    if outcome then return {'ok', now, 'done', bucket, outcome, '', ''} end
  end
  return {'ok', now, 'unknown', '', '', '', ''}
end
local lines = redis.call('HGET', KEYS[6], id) or ''
local said = redis.call('HGET', KEYS[8], id) or ''
local due = redis.call('ZSCORE', KEYS[4], id)
if due then return {'ok', now, 'scheduled', due, record, lines, said} end
local since = redis.call('ZSCORE', KEYS[5], id)
if since then return {'ok', now, 'dead', since, record, lines, said} end
for _, session in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  if redis.call('SISMEMBER', base .. 'held:' .. session, id) == 1 then
    return {'ok', now, 'held', session, record, lines, said}
  end
end
return {'ok', now, 'queued', '', record, lines, said}
