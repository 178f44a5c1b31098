-- returned: a worker whose build is stale counts how often its host has come back with that build.
-- KEYS: 1 meta of the fleet (hash) 2 returns (hash)
-- ARGV: 1 host  2 its build's stamp  3 ms since its process began
-- Answers {'ok', how often so far, this time included}. After a day without, counting begins anew.
-- Run twice: it counts one more.
-- The first write only frees memory: a full Redis lets the ones after it pass.
local name = ARGV[1] .. ' ' .. ARGV[2]
local count, last = string.match(redis.call('HGET', KEYS[2], name) or '', '^(%d+) (%d+)$')
-- Several processes of one host that were stale together came back once.
if count and now - tonumber(ARGV[3]) < tonumber(last) then return {'ok', tonumber(count)} end
redis.call('HDEL', KEYS[2], name)
if not count or now - tonumber(last) > 86400000 then count = 0 end
if redis.call('HLEN', KEYS[2]) >= 10000 then
  redis.call('HDEL', KEYS[2], redis.call('HRANDFIELD', KEYS[2]))
end
redis.call('HSET', KEYS[2], name, string.format('%.0f', tonumber(count) + 1) .. ' ' .. nowText)
return {'ok', tonumber(count) + 1}
