-- obeyed: a session says what became of an order. The order is over with it, and is not heeded again.
-- KEYS: 1 meta of the fleet (hash) 2 orders:<session> (hash) 3 obeyed:<nonce> (hash)
-- ARGV: 1 session  2 nonce  3 answer: a line of fields, perhaps a newline and more; cut after 64 KiB
-- Answers {'ok', 1}, or {'ok', 0}: it had answered before.
-- Run twice: the first answer stays.
-- The first write only frees memory: a full Redis lets the ones after it pass.
redis.call('HDEL', KEYS[2], ARGV[2])
local is_first = redis.call('HSETNX', KEYS[3], ARGV[1], string.sub(ARGV[3], 1, 65536))
redis.call('PEXPIRE', KEYS[3], 3600000)
return {'ok', is_first}
