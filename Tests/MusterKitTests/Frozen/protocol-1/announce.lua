-- announce: a worker or producer says which build it is, which queues it uses and which types it knows.
-- KEYS: 1 meta of the fleet (hash) 2 queues (set) 3 releases (zset) 4 release:<stamp> (hash)
-- ARGV: 1 'worker' or 'producer'  2 host  3 its build's stamp, or ''  4 n: names of its queues, then those
--       then the types that it runs: type, fingerprint of its payload's schema or ''
-- Answers {'ok', how many queues are new, the rules for builds: number, floor, producers, stale-settles, ramp}.
-- Run twice: the same is noted again.
-- The first write only frees memory: a full Redis lets the ones after it pass.
local role, host, stamp, queues = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - REMEMBERED)
local new = queues > 0 and redis.call('SADD', KEYS[2], unpack(ARGV, 5, 4 + queues)) or 0
note_release(stamp, role, host)
for i = 5 + queues, math.min(#ARGV, 4 + queues + 2000), 2 do
  redis.call('HSET', KEYS[4], 'type ' .. ARGV[i], ARGV[i + 1])
end
return {'ok', new, release_rules()}
