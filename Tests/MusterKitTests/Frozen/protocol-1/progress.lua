-- progress: what a running job last said of itself, or how far it got, so that its next run can go on from there.
-- KEYS: 1 meta (hash) 2 held:<session> (set) 3 progress (hash) 4 jobs (hash) 5 checkpoints (hash)
-- ARGV: 1 id  2 'progress' or 'checkpoint'  3 text, or the checkpoint's bytes
-- Answers {'ok', 1} or {'ok', 0}: the session does not hold the job any more.
-- Run twice: the same text stands there.
-- The first write only frees memory: a full Redis lets the ones after it pass.
if redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 0 then return {'ok', 0} end
local key, mark = KEYS[3], 'said'
if ARGV[2] == 'checkpoint' then key, mark = KEYS[5], 'checkpoint' end
local is_first = redis.call('HDEL', key, ARGV[1]) == 0
redis.call('HSET', key, ARGV[1], ARGV[3])
if is_first then
  local record = redis.call('HGET', KEYS[4], ARGV[1])
  if record then redis.call('HSET', KEYS[4], ARGV[1], marked(with_field(record, mark, 1))) end
end
return {'ok', 1}
