-- review: what a person decided of successes whose build was fenced meanwhile: under review -> succeeded, as the session
-- had said; -> queued, with no attempt burnt; -> nothing. For any number of jobs.
-- KEYS: 1 meta (hash) 2 jobs (hash)
-- ARGV: 1 'accept', 'reject' or 'discard'  2 who decides  then ids
-- Answers {'ok', ids that it was done to, ids that cannot be accepted, for what their sessions said is not whole, ids
--       that are not under review}. One that somebody asked to cancel, and that is rejected, is cancelled.
-- Run twice: the second run finds them under review no more.
-- The first write only frees memory: a full Redis lets the ones after it pass.
local verdict, who = ARGV[1], ARGV[2]
local done, incomplete, absent = {}, {}, {}

-- Returns false, and changes nothing, where what its session said is not whole: too much to keep, or damaged since.
local function accept(id, record)
  local outcome = redis.call('HGET', base .. 'review-outcomes', id)
  local facts = head_of(outcome or '')
  local by, stamp = string.match(facts, '( by=[^ ]+ on=(%d+%-[^ ]+) fenced=[^ ]+)')
  if not by or not field(facts, 'ms') or field(facts, 'dropped') then return false end
  leave_review(id)
  finish(id, without_field(record, 'review'), 'succeeded', ' ms=' .. field(facts, 'ms') .. by .. ' accepted=' .. who,
    string.sub(outcome, #facts + 2), number_field(facts, 'retain', nil))
  count_settled(stamp, string.match(stamp, '^%d+%-(.*)$'), 1, 0)
  return true
end

for i = 3, #ARGV do
  local id = ARGV[i]
  local record = redis.call('ZSCORE', base .. 'review', id) and redis.call('HGET', KEYS[2], id)
  if not record then
    absent[#absent + 1] = id
  elseif verdict == 'accept' then
    local list = accept(id, record) and done or incomplete
    list[#list + 1] = id
  else
    leave_review(id)
    if verdict == 'reject' then
      local line = 'n=' .. (number_field(head_of(record), 'attempts', 0) + 1) .. ' by=' .. who .. ' ended=' .. nowText
      send_back(id, remember(base .. 'timeline', id, record, line .. ' outcome=rejected error=after-review'), who)
    else
      forget_dead(id)
      let_go(id, head_of(record), 'cancelled', '')
    end
    done[#done + 1] = id
  end
end
return {'ok', done, incomplete, absent}
