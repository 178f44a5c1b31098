-- discard: dead, under review, scheduled, queued or parked -> nothing, for any number of jobs; no outcome stays. A held job is left
-- alone.
-- KEYS: 1 meta (hash) 2 jobs (hash)
-- ARGV: 1 'dead' for dead jobs only, or ''  then ids
-- Answers {'ok', ids that were discarded, ids that are held, ids that are not there (or not dead)}.
-- Run twice: the second run finds nothing.
local gone, held, absent = {}, {}, {}
for i = 2, #ARGV do
  local id = ARGV[i]
  local record = redis.call('HGET', KEYS[2], id)
  local place, detail
  if record then place, detail = place_of(id, record) end
  if not record or ARGV[1] == 'dead' and place ~= 'dead' then
    absent[#absent + 1] = id
  elseif place == 'held' then
    held[#held + 1] = id
  else
    take_from(place, detail, id, record)
    forget_dead(id)
    if place ~= 'dead' and is_marked(record) then let_go(id, head_of(record), 'cancelled', '') end
    gone[#gone + 1] = id
  end
end
return {'ok', gone, held, absent}
