-- dead: a page of the jobs that failed for good, the newest first. Reads only.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 dead (zset) 4 timeline (hash)
-- ARGV: 1 how many to pass over  2 how many to list
-- Answers {'ok', how many there are, entries of {id, since in ms, header line, the timeline's last line}}.
local entries = {}
local found = redis.call('ZREVRANGE', KEYS[3], ARGV[1], ARGV[1] + ARGV[2] - 1, 'WITHSCORES')
for i = 1, #found, 2 do
  local record = redis.call('HGET', KEYS[2], found[i])
  local lines = redis.call('HGET', KEYS[4], found[i]) or ''
  entries[#entries + 1] = {found[i], found[i + 1], record and head_of(record) or '', string.match(lines, '[^\n]*$')}
end
return {'ok', redis.call('ZCARD', KEYS[3]), entries}
