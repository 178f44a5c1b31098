-- setaside: a key that is not of its type gets another name, so that the queue goes on without it.
-- KEYS: 1 meta (hash) 2 the key (any type)
-- ARGV: 1 its type  2 'repair', or '' to look only
-- Answers {'ok', its type now, its new name or ''}.
-- Run twice: the second run finds no such key.
local found = redis.call('TYPE', KEYS[2])
found = found.ok or found
if found == 'none' or found == ARGV[1] then return {'ok', found, ''} end
if ARGV[2] ~= 'repair' then return {'ok', found, ''} end
local aside = KEYS[2] .. ':set-aside-' .. nowText
redis.call('RENAME', KEYS[2], aside)
return {'ok', found, aside}
