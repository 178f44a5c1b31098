-- schedules: the recurring jobs of a queue, without their payloads. Reads only.
-- KEYS: 1 meta (hash) 2 schedules (hash) 3 schedule-due (zset)
-- ARGV: 1 'due' for those that are due, 'all' for all  2 how many at most, where they are due
-- Answers {'ok', now in ms, ms until the next one is due or -1, then for each {name, due in ms or '', header or ''}}.
local schedules, due_times = KEYS[2], KEYS[3]
local names
if ARGV[1] == 'all' then
  names = redis.call('HKEYS', schedules)
else
  names = redis.call('ZRANGEBYSCORE', due_times, '-inf', now, 'LIMIT', 0, tonumber(ARGV[2]))
end
local coming = redis.call('ZRANGEBYSCORE', due_times, '(' .. nowText, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local answer = {'ok', now, coming[2] and tonumber(coming[2]) - now or -1}
for _, name in ipairs(names) do
  local stored = redis.call('HGET', schedules, name)
  answer[#answer + 1] = {name, redis.call('ZSCORE', due_times, name) or '', stored and head_of(stored) or ''}
end
return answer
