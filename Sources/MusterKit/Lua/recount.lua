-- recount: what is counted, held against what is there: jobs held by limit key, and who has a unique key.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 sessions (zset) 4 running (hash) 5 unique (hash)
-- ARGV: 1 'repair', or '' to look only
-- Answers {'ok', {'miscounted-key', key, counted, held}..., {'ownerless-unique-key', key, id}...}.
-- Run twice: the second run finds nothing.
local repairs = ARGV[1] == 'repair'
local held = {}
for _, session in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  for _, id in ipairs(redis.call('SMEMBERS', base .. 'held:' .. session)) do
    local record = redis.call('HGET', KEYS[2], id)
    local key = record and is_marked(record) and field(head_of(record), 'key')
    if key then held[key] = (held[key] or 0) + 1 end
  end
end
local answer = {'ok'}
local counted = redis.call('HGETALL', KEYS[4])
for i = 1, #counted, 2 do
  local key, count = counted[i], tonumber(counted[i + 1])
  if count ~= (held[key] or 0) then
    answer[#answer + 1] = {'miscounted-key', key, counted[i + 1], tostring(held[key] or 0)}
    if repairs then
      if held[key] then redis.call('HSET', KEYS[4], key, held[key]) else redis.call('HDEL', KEYS[4], key) end
    end
  end
  held[key] = nil
end
for key, count in pairs(held) do
  answer[#answer + 1] = {'miscounted-key', key, '0', tostring(count)}
  if repairs then redis.call('HSET', KEYS[4], key, count) end
end
local entries = redis.call('HGETALL', KEYS[5])
for i = 1, #entries, 2 do
  local holder, mode = string.match(entries[i + 1], '^([^ ]+) (%l+)')
  if mode ~= 'time' and (not holder or redis.call('HEXISTS', KEYS[2], holder) == 0) then
    answer[#answer + 1] = {'ownerless-unique-key', entries[i], holder or '?'}
    if repairs then redis.call('HDEL', KEYS[5], entries[i]) end
  end
end
return answer
