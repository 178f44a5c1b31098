-- relabel: the lane of jobs that are not ready now: the one they will be put into.
-- KEYS: 1 meta (hash) 2 jobs (hash)
-- ARGV: 1 the other lane's requirement, '' for the lane that each job asked for first  then ids
-- Answers {'ok', how many were changed}. One that is ready is left to the script that moves it.
-- Run twice: the same stands there.
local count = 0
for i = 2, #ARGV do
  local id = ARGV[i]
  local record = redis.call('HGET', KEYS[2], id)
  if record and place_of(id, record) ~= 'queued' then
    local head = head_of(record)
    local lane = field(head, 'asked')
    if ARGV[1] ~= '' then lane = string.match(lane_of(head), '^%l+:') .. ARGV[1] end
    if lane then
      redis.call('HSET', KEYS[2], id, with_field(without_field(record, 'asked'), 'lane', lane))
      count = count + 1
    end
  end
end
return {'ok', count}
