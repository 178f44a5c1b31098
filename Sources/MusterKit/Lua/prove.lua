-- prove: a write that always is one, so that a wait for disk or replicas sent after it on the same connection covers
-- everything before it. Since Redis 7.2 a wait covers the connection's own last write only: after an enqueue that
-- found its job there already, it would prove nothing and answer at once.
-- KEYS: 1 meta of the fleet (hash)
-- Answers {'ok', how many proofs there were}.
-- Run twice: counted twice, and nothing else.
-- The first write only frees memory: a full Redis lets the one after it pass.
redis.call('HDEL', meta, 'none')
return {'ok', redis.call('HINCRBY', meta, 'proofs', 1)}
