-- watch: marks a live job, so that its end is told on the channel over:<id>.
-- KEYS: 1 meta (hash) 2 jobs (hash)
-- ARGV: 1 id
-- Answers {'ok', 1} or {'ok', 0}: it is over, or never was.
-- Run twice: the mark stands there once.
local record = redis.call('HGET', KEYS[2], ARGV[1])
if not record then return {'ok', 0} end
if not field(head_of(record), 'watched') then
  redis.call('HSET', KEYS[2], ARGV[1], marked(with_field(record, 'watched', 1)))
end
return {'ok', 1}
