-- sample: jobs that are ready in a queue's lanes, to copy them elsewhere; they stay where they are. Reads only.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 lanes (zset)
-- ARGV: 1 how many to pass over  2 how many at most  3 after how many bytes of records to stop
-- Answers {'ok', how many were passed over in all, so as to go on there, and for each job: id, record}.
local skip, most, room = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local passed, answer = 0, {'ok', 0}
for _, lane in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  local key = base .. 'lane:' .. lane
  local length = redis.call('LLEN', key)
  local from = math.max(0, skip - passed)
  if from < length and most > 0 and room > 0 then
    for _, id in ipairs(redis.call('LRANGE', key, from, from + most - 1)) do
      if room > 0 then
        local record = redis.call('HGET', KEYS[2], id)
        if record then
          answer[#answer + 1] = id
          answer[#answer + 1] = record
          room = room - #record
        end
        most = most - 1
        from = from + 1
      end
    end
    passed = passed + from
    if from < length then break end
  else
    passed = passed + math.min(from, length)
  end
end
answer[2] = passed
return answer
