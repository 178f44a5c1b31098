-- unschedule: a recurring job -> nothing. Jobs that it has made stay.
-- KEYS: 1 meta (hash) 2 schedules (hash) 3 schedule-due (zset)
-- ARGV: 1 name
-- Answers {'ok', 1}, or {'ok', 0} where there was none.
-- Run twice: the second run finds none.
redis.call('ZREM', KEYS[3], ARGV[1])
return {'ok', redis.call('HDEL', KEYS[2], ARGV[1])}
