-- schedule: nothing -> a recurring job, or its definition -> a newer one.
-- KEYS: 1 meta (hash) 2 schedules (hash) 3 schedule-due (zset)
-- ARGV: 1 name  2 sequence of the caller's build, 0 for none  3 the next nominal time in ms
--       4 'cron=... zone=...'  5 the rest of the definition, 'catchup=... type=...', a newline, the payload
-- Answers {'ok', 'added', 'changed' or 'same', when it is due in ms} · {'stale', floor}: the caller is below the floor
--       · {'older', stamp}: the definition is of a newer build than the caller, and no rollback gave it to this one ·
--       {'full', how many there may be}.
-- Run twice: the second run finds the same and changes nothing; the due time moves only with cron or zone.
local schedules, due_times = KEYS[2], KEYS[3]
local name, sequence, due, timing = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
if sequence < floor then return {'stale', rules[3]} end
local given = head_of(ARGV[5])
local payload = string.sub(ARGV[5], #given + 1)
-- Who enqueues is whoever fires it.
local definition = timing .. ' ' .. string.gsub(given, ' from=[^ ]*', '', 1)
local digest = redis.sha1hex(definition .. payload)
local outcome, fired, missed, last = 'added', '0', '0', '0'
local stored = redis.call('HGET', schedules, name)
if stored then
  local head = head_of(stored)
  local known_due = redis.call('ZSCORE', due_times, name)
  local needs = field(head, 'least') or field(head, 'build') or ''
  if sequence < tonumber(string.match(needs, '^%d+') or 0) then return {'older', needs} end
  if field(head, 'digest') == digest and known_due then return {'ok', 'same', known_due} end
  outcome = 'changed'
  fired, missed, last = field(head, 'fired') or '0', field(head, 'missed') or '0', field(head, 'last') or '0'
  if known_due and string.find(head, ' ' .. timing .. ' ', 1, true) then due = known_due end
elseif redis.call('HLEN', schedules) >= 1000 then
  return {'full', 1000}
end
redis.call('HSET', schedules, name, 'v1 at=' .. nowText .. ' ' .. definition .. ' digest=' .. digest
  .. ' fired=' .. fired .. ' missed=' .. missed .. ' last=' .. last .. payload)
redis.call('ZADD', due_times, due, name)
return {'ok', outcome, due}
