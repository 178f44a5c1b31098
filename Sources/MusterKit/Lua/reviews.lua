-- reviews: a page of the successes that wait for a person, because their build was fenced meanwhile; the oldest first.
-- Reads only.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 review (zset) 4 review-outcomes (hash)
-- ARGV: 1 how many to pass over  2 how many to list
-- Answers {'ok', how many there are, entries of {id, since in ms, header line, what its session said: a line of fields,
--       bytes of its result}}.
local entries = {}
local found = redis.call('ZRANGE', KEYS[3], ARGV[1], ARGV[1] + ARGV[2] - 1, 'WITHSCORES')
for i = 1, #found, 2 do
  local record = redis.call('HGET', KEYS[2], found[i])
  local outcome = redis.call('HGET', KEYS[4], found[i]) or ''
  local facts = head_of(outcome)
  entries[#entries + 1] = {
    found[i], found[i + 1], record and head_of(record) or '', facts, math.max(0, #outcome - #facts - 1),
  }
end
return {'ok', redis.call('ZCARD', KEYS[3]), entries}
