-- queues: a producer names the queues that it feeds, so that listings know them.
-- KEYS: 1 meta of the fleet (hash) 2 queues (set)
-- ARGV: names
-- Answers {'ok', how many are new}.
-- Run twice: nothing changes.
-- The first write only frees memory: a full Redis lets the one after it pass.
redis.call('HDEL', meta, 'none')
return {'ok', redis.call('SADD', KEYS[2], unpack(ARGV))}
