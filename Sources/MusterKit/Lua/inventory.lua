-- inventory: a chunk of the live jobs that ask for a newer build than one given, with what it would have to know to run
-- them. Reads only.
-- KEYS: 1 meta (hash) 2 jobs (hash)
-- ARGV: 1 where the last chunk ended, 0 to begin  2 sequence  3 revision on trial, whose jobs are listed in place of
--       those, or ''
-- Answers {'ok', where to go on, 0 at the end, id, type, fingerprint of the payload's schema or '', lane...}.
local chunk = redis.call('HSCAN', KEYS[2], ARGV[1], 'COUNT', 200)
local answer = {'ok', chunk[1]}
for i = 1, #chunk[2], 2 do
  local head = head_of(chunk[2][i + 1])
  local lane = lane_of(head)
  local is_meant = ARGV[3] ~= '' and string.match(lane, '^%l+:exactly:([^:]*)') == ARGV[3]
    or ARGV[3] == '' and score_of(lane) > tonumber(ARGV[2])
  if is_meant then
    for _, word in ipairs({chunk[2][i], field(head, 'type') or '', field(head, 'schema') or '', lane}) do
      answer[#answer + 1] = word
    end
  end
end
return answer
