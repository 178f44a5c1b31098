-- fire: nominal times of a recurring job -> queued, one job each.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 lanes (zset) 4 idle (zset) 5 schedules (hash) 6 schedule-due (zset)
-- ARGV: 1 name  2 sequence of the caller's build, 0 for none  3 who fires it, '<host>:<pid>'
--       4 the due time that the caller saw, or '' for an extra run, which any build may ask for and which moves nothing
--       5 the definition's digest that the caller saw  6 the next due time in ms, '' where none comes
--       7 how many nominal times are skipped  then per job: its id, its nominal time in ms ('' in an extra run)
-- Answers {'ok', how many jobs were made} · {'moved'}: somebody else was first · {'gone'}: there is no such schedule
--       · {'stale', floor}: the caller is below the floor · {'older', stamp}: the definition is of a newer build, and
--       no rollback gave it to this one.
-- Run twice: the due time has moved, so nothing is done; an extra run finds its id.
-- The first write is one that a full Redis refuses, so that no nominal time is lost half-way.
local jobs, lanes, idle, schedules, due_times = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local name, sequence, is_extra = ARGV[1], tonumber(ARGV[2]), ARGV[4] == ''
if not is_extra and sequence < floor then return {'stale', rules[3]} end
local stored = redis.call('HGET', schedules, name)
if not stored then
  redis.call('ZREM', due_times, name)
  return {'gone'}
end
local head = head_of(stored)
if not is_extra then
  local needs = field(head, 'least') or field(head, 'build') or ''
  if sequence < tonumber(string.match(needs, '^%d+') or 0) then return {'older', needs} end
  local due = redis.call('ZSCORE', due_times, name)
  if not due or tonumber(due) ~= tonumber(ARGV[4]) or field(head, 'digest') ~= ARGV[5] then return {'moved'} end
end

-- What is left of the definition without the schedule's own fields is the job's record.
local job = head
for _, own in ipairs({'at', 'cron', 'zone', 'catchup', 'digest', 'fired', 'missed', 'last', 'least'}) do
  job = string.gsub(job, ' ' .. own .. '=[^ ]*', '', 1)
end
job = string.gsub(job, '^%S+', '%0 at=' .. nowText, 1) .. ' from=' .. ARGV[3] .. ' schedule=' .. name
local payload = string.sub(stored, #head + 1)
local last, count, woken = field(head, 'last') or '0', 0, {}
for i = 8, #ARGV, 2 do
  local id, nominal = ARGV[i], ARGV[i + 1]
  if (is_extra or tonumber(nominal) > tonumber(last)) and redis.call('HEXISTS', jobs, id) == 0 then
    local record = draw(id, job .. (is_extra and '' or ' nominal=' .. nominal) .. payload, lane_of(job))
    redis.call('HSET', jobs, id, record)
    local lane = make_ready('RPUSH', lanes, id, record)
    woken[lane] = (woken[lane] or 0) + 1
    count = count + 1
    if not is_extra then last = nominal end
  end
end
if not is_extra then
  if ARGV[6] == '' then
    redis.call('ZREM', due_times, name)
  else
    redis.call('ZADD', due_times, ARGV[6], name)
  end
  stored = with_field(stored, 'fired', number_field(head, 'fired', 0) + count)
  stored = with_field(stored, 'missed', number_field(head, 'missed', 0) + tonumber(ARGV[7]))
  redis.call('HSET', schedules, name, with_field(stored, 'last', last))
end
for lane, ready in pairs(woken) do wake(idle, lane, math.min(ready, 8)) end
return {'ok', count}
