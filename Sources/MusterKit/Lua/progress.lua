-- progress: what a running job last said of itself.
-- KEYS: 1 meta (hash) 2 held:<session> (set) 3 progress (hash) 4 jobs (hash)
-- ARGV: 1 id  2 text
-- Answers {'ok', 1} or {'ok', 0}: the session does not hold the job any more.
-- Run twice: the same text stands there.
-- The first write only frees memory: a full Redis lets the ones after it pass.
if redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 0 then return {'ok', 0} end
local is_first = redis.call('HDEL', KEYS[3], ARGV[1]) == 0
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
if is_first then
  local record = redis.call('HGET', KEYS[4], ARGV[1])
  if record and not field(head_of(record), 'history') then
    redis.call('HSET', KEYS[4], ARGV[1], with_field(record, 'history', 0))
  end
end
return {'ok', 1}
