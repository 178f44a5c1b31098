-- order: somebody orders sessions to do one thing. Each hears of it at once, and finds it again with its next beat.
-- KEYS: 1 meta of the fleet (hash)
-- ARGV: 1 nonce  2 verb  3 ms within which it must be begun  4 who orders it, <host>:<pid>
--       5 the verb's arguments as fields, '' for none  then sessions
-- Answers {'ok', until when in ms, sessions that have too many orders already} or {'refused', why}.
-- Run twice: who has answered hears nothing again; for the others it is the same order.
-- The first write only frees memory: a full Redis lets the ones after it pass, so it can still be stopped what fills it.
local VERBS = {quiet = 1, resume = 1, stop = 1, restart = 1, dump = 1, ['log-level'] = 1}
local LONGEST, MOST = 1800000, 100
local nonce, verb, within = ARGV[1], ARGV[2], tonumber(ARGV[3])
if not VERBS[verb] then return {'refused', 'no such verb'} end
if not string.find(nonce, '^%w+$') or #nonce > 64 then return {'refused', 'no nonce'} end
if not within or within < 1 or within > LONGEST then return {'refused', 'no such time'} end
if string.find(ARGV[4], '[%s%c]') or string.find(ARGV[5], '[^%w=%- ]') then return {'refused', 'no such arguments'} end

local ends = string.format('%.0f', now + within)
local line = 'verb=' .. verb .. ' until=' .. ends .. ' at=' .. nowText .. ' by=' .. ARGV[4]
if ARGV[5] ~= '' then line = line .. ' ' .. ARGV[5] end
local obeyed, full = base .. 'obeyed:' .. nonce, {}
redis.call('HDEL', meta, 'none')
for i = 6, #ARGV do
  local session = ARGV[i]
  local orders = base .. 'orders:' .. session
  if redis.call('HEXISTS', obeyed, session) == 0 then
    if redis.call('HLEN', orders) >= MOST and redis.call('HEXISTS', orders, nonce) == 0 then
      full[#full + 1] = session
    else
      redis.call('HSETNX', orders, nonce, line)
      redis.call('PEXPIRE', orders, LONGEST)
      redis.call('PUBLISH', orders, nonce)
    end
  end
end
return {'ok', now + within, full}
